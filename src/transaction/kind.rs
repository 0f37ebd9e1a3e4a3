//! Transaction types, their numbers, and which fields stand in which order: one table, read by decoder, encoder and
//! signing hash alike, so that the three cannot disagree.
//!
//! Source: chain.md 3.3 (numbers), 3.4 (fields).

/// What a transaction does. Who pays for it is [`FeeDelegation`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum TransactionKind {
    Legacy,
    ValueTransfer,
    ValueTransferMemo,
    AccountUpdate,
    SmartContractDeploy,
    SmartContractExecution,
    Cancel,
    ChainDataAnchoring,
    EthereumAccessList,
    EthereumDynamicFee,
    EthereumBlob,
    EthereumSetCode,
}

/// Who pays the fee of a Kaia type: the low bits of its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeeDelegation {
    /// The sender. Legacy and Ethereum types know nothing else.
    None,
    /// The fee payer.
    Full,
    /// The fee payer a percentage, the sender the rest.
    Ratio,
}

/// A field of a transaction's list, named as in chain.md 3.4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    ChainId,
    Nonce,
    GasPrice,
    Tip,
    FeeCap,
    Gas,
    /// T: must be there.
    To,
    /// T?: empty for a contract creation.
    ToOrCreate,
    Value,
    From,
    Input,
    Key,
    HumanReadable,
    CodeFormat,
    FeeRatio,
    AccessList,
    BlobFeeCap,
    BlobHashes,
    Authorizations,
    /// V, R, S as three flat integers.
    FlatSignature,
    /// S: a list of [V, R, S] lists.
    Signatures,
    FeePayer,
    FeePayerSignatures,
}

impl Field {
    /// Whether the field is (part of) a signature or tells who signs for the fee: it lies outside the sender's message.
    pub(super) const fn follows_sender_message(self) -> bool {
        matches!(self, Self::FlatSignature | Self::Signatures | Self::FeePayer | Self::FeePayerSignatures)
    }

    /// Whether the field is the fee payer's: it lies outside the sender's transaction hash.
    pub(super) const fn is_fee_payers(self) -> bool {
        matches!(self, Self::FeePayer | Self::FeePayerSignatures)
    }
}

const ETHEREUM: u16 = 0x7800;

impl TransactionKind {
    /// The kind and delegation of a type number; none where the number is not in use.
    pub(super) const fn of_number(number: u16) -> Option<(Self, FeeDelegation)> {
        let delegation = match number & 7 {
            0 => FeeDelegation::None,
            1 => FeeDelegation::Full,
            2 => FeeDelegation::Ratio,
            _ => FeeDelegation::None,
        };
        let kind = match number {
            0x00 => Self::Legacy,
            0x08..=0x0a => Self::ValueTransfer,
            0x10..=0x12 => Self::ValueTransferMemo,
            0x20..=0x22 => Self::AccountUpdate,
            0x28..=0x2a => Self::SmartContractDeploy,
            0x30..=0x32 => Self::SmartContractExecution,
            0x38..=0x3a => Self::Cancel,
            0x48..=0x4a => Self::ChainDataAnchoring,
            0x7801 => return Some((Self::EthereumAccessList, FeeDelegation::None)),
            0x7802 => return Some((Self::EthereumDynamicFee, FeeDelegation::None)),
            0x7803 => return Some((Self::EthereumBlob, FeeDelegation::None)),
            0x7804 => return Some((Self::EthereumSetCode, FeeDelegation::None)),
            _ => return None,
        };
        Some((kind, delegation))
    }

    /// The number of the type with this delegation.
    pub(super) const fn number(self, delegation: FeeDelegation) -> u16 {
        let base = match self {
            Self::Legacy => return 0,
            Self::ValueTransfer => 0x08,
            Self::ValueTransferMemo => 0x10,
            Self::AccountUpdate => 0x20,
            Self::SmartContractDeploy => 0x28,
            Self::SmartContractExecution => 0x30,
            Self::Cancel => 0x38,
            Self::ChainDataAnchoring => 0x48,
            Self::EthereumAccessList => return ETHEREUM | 1,
            Self::EthereumDynamicFee => return ETHEREUM | 2,
            Self::EthereumBlob => return ETHEREUM | 3,
            Self::EthereumSetCode => return ETHEREUM | 4,
        };
        base | match delegation {
            FeeDelegation::None => 0,
            FeeDelegation::Full => 1,
            FeeDelegation::Ratio => 2,
        }
    }

    /// Whether the type is one of Ethereum's, whose items begin with 0x78.
    #[must_use]
    pub const fn is_ethereum(self) -> bool {
        matches!(self, Self::EthereumAccessList | Self::EthereumDynamicFee | Self::EthereumBlob | Self::EthereumSetCode)
    }

    /// Whether the sender is a field of the transaction (Kaia types) and not recovered from its signature.
    #[must_use]
    pub const fn names_sender(self) -> bool {
        !matches!(self, Self::Legacy) && !self.is_ethereum()
    }

    /// Whether `to` receives the input as calldata. The memo of a value transfer is no calldata: such a transfer to a
    /// contract is refused by consensus.
    #[must_use]
    pub const fn may_call(self) -> bool {
        matches!(self, Self::Legacy | Self::SmartContractExecution) || self.is_ethereum()
    }

    /// The fields up to the sender's signature, without the fee ratio and what follows it.
    const fn head(self) -> &'static [Field] {
        use Field::*;
        match self {
            Self::Legacy => &[Nonce, GasPrice, Gas, ToOrCreate, Value, Input],
            Self::ValueTransfer => &[Nonce, GasPrice, Gas, To, Value, From],
            Self::ValueTransferMemo | Self::SmartContractExecution => &[Nonce, GasPrice, Gas, To, Value, From, Input],
            Self::AccountUpdate => &[Nonce, GasPrice, Gas, From, Key],
            Self::SmartContractDeploy => &[Nonce, GasPrice, Gas, ToOrCreate, Value, From, Input, HumanReadable],
            Self::Cancel => &[Nonce, GasPrice, Gas, From],
            Self::ChainDataAnchoring => &[Nonce, GasPrice, Gas, From, Input],
            Self::EthereumAccessList => &[ChainId, Nonce, GasPrice, Gas, ToOrCreate, Value, Input, AccessList],
            Self::EthereumDynamicFee => &[ChainId, Nonce, Tip, FeeCap, Gas, ToOrCreate, Value, Input, AccessList],
            Self::EthereumBlob => {
                &[ChainId, Nonce, Tip, FeeCap, Gas, To, Value, Input, AccessList, BlobFeeCap, BlobHashes]
            }
            Self::EthereumSetCode => &[ChainId, Nonce, Tip, FeeCap, Gas, To, Value, Input, AccessList, Authorizations],
        }
    }

    /// All fields in order. A deployment puts its ratio before the code format, every other type at the very end of the
    /// signed fields.
    pub(super) fn fields(self, delegation: FeeDelegation) -> impl Iterator<Item = Field> {
        use Field::*;
        let ratio: &[Field] = if delegation == FeeDelegation::Ratio { &[FeeRatio] } else { &[] };
        let code_format: &[Field] = if self == Self::SmartContractDeploy { &[CodeFormat] } else { &[] };
        let signatures: &[Field] = if self.names_sender() { &[Signatures] } else { &[FlatSignature] };
        let payer: &[Field] = if delegation == FeeDelegation::None { &[] } else { &[FeePayer, FeePayerSignatures] };
        [self.head(), ratio, code_format, signatures, payer].into_iter().flatten().copied()
    }
}
