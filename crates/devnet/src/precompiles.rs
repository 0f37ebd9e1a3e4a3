//! What the chain adds to Ethereum's precompiled contracts: whether an account's keys of now made
//! some signatures (`validateSender`).
//!
//! It stands at 0x3ff from the Istanbul fork on and at 0x0b before, where contracts that were made
//! before the fork find it for ever. It answers with one byte, 1 or 0, and never reverts.

use crate::evm;
use crate::state::Overlay;
use revm::context_interface::ContextTr;
use revm::handler::{precompile_output_to_interpreter_result, EthPrecompiles, MainnetContext, PrecompileProvider};
use revm::interpreter::{CallInputs, InterpreterResult};
use revm::precompile::PrecompileOutput;
use revm::primitives::hardfork::SpecId;
use revm::primitives::{Address as EvmAddress, AddressSet, Bytes};
use spanlight::crypto::recover_address;
use spanlight::primitives::{Address, Hash};
use spanlight::state::{AccountKey, AccountKind, KeyRole};

const FROM_ISTANBUL: EvmAddress = place([0x03, 0xff]);
const BEFORE: EvmAddress = place([0x00, 0x0b]);
const SIGNATURE: usize = 65;
const GAS_OF_A_SIGNATURE: u64 = 5_000;

const fn place(low: [u8; 2]) -> EvmAddress {
    let mut address = [0; 20];
    let [.., first, second] = &mut address;
    [*first, *second] = low;
    EvmAddress::new(address)
}

/// Ethereum's precompiled contracts, and the chain's own one.
#[derive(Debug)]
pub(crate) struct Precompiles {
    ethereum: EthPrecompiles,
    addresses: AddressSet,
    istanbul: bool,
}

impl Precompiles {
    pub(crate) fn new(rules: SpecId) -> Self {
        let ethereum = EthPrecompiles::new(rules);
        let istanbul = rules.is_enabled_in(SpecId::ISTANBUL);
        let mut addresses = ethereum.warm_addresses().clone();
        addresses.insert(BEFORE);
        if istanbul {
            addresses.insert(FROM_ISTANBUL);
        }
        Self { ethereum, addresses, istanbul }
    }
}

impl<'a, 's> PrecompileProvider<MainnetContext<&'a mut Overlay<'s>>> for Precompiles {
    type Output = InterpreterResult;

    fn set_spec(&mut self, _: SpecId) -> bool {
        // A machine runs one message, by the rules that it was made with.
        true
    }

    fn run(
        &mut self,
        context: &mut MainnetContext<&'a mut Overlay<'s>>,
        inputs: &CallInputs,
    ) -> Result<Option<InterpreterResult>, String> {
        let own = if self.istanbul && !is_old(context.db_mut(), inputs)? { FROM_ISTANBUL } else { BEFORE };
        if inputs.bytecode_address != own {
            return self.ethereum.run(context, inputs);
        }
        let input = inputs.input.bytes(context);
        let signatures = u64::try_from(input.len() / SIGNATURE).unwrap_or(u64::MAX);
        let good = signatures_are_the_accounts(context.db_mut(), &input)?;
        let gas = signatures.saturating_mul(GAS_OF_A_SIGNATURE);
        let output = PrecompileOutput::new(gas, Bytes::from(vec![u8::from(good)]), inputs.reservoir);
        Ok(Some(precompile_output_to_interpreter_result(output, inputs.gas_limit)))
    }

    fn warm_addresses(&self) -> &AddressSet {
        &self.addresses
    }
}

/// Whether a contract asks that was made before the Istanbul fork.
fn is_old(overlay: &mut Overlay<'_>, inputs: &CallInputs) -> Result<bool, String> {
    let caller = overlay.account(evm::from_address(&inputs.caller)).map_err(|fault| fault.to_string())?;
    Ok(caller.is_some_and(|caller| caller.kind == AccountKind::Contract && caller.code_info >> 4 == 0))
}

/// The input is an address, what was signed, and signatures.
fn signatures_are_the_accounts(overlay: &mut Overlay<'_>, input: &[u8]) -> Result<bool, String> {
    let Some((account, rest)) = input.split_first_chunk::<20>() else { return Ok(false) };
    let Some((digest, signatures)) = rest.split_first_chunk::<32>() else { return Ok(false) };
    let Some(signers) = signers(&Hash(*digest), signatures) else { return Ok(false) };
    let owner = Address(*account);
    let account = overlay.account(owner).map_err(|fault| fault.to_string())?;
    let key = account.map_or(AccountKey::Legacy, |account| account.key);
    Ok(key.is_signed_by(&owner, &signers, KeyRole::Transaction))
}

fn signers(digest: &Hash, signatures: &[u8]) -> Option<Vec<Address>> {
    let (signatures, rest) = signatures.as_chunks::<SIGNATURE>();
    let signers = signatures.iter().map(|signature| recover_address(digest, signature).ok());
    signers.collect::<Option<Vec<_>>>().filter(|_| rest.is_empty())
}
