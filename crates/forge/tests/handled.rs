//! Transfers that were executed as requested.

use spanlight::bundle::TransferProof;
use spanlight::commitment::CommitmentForm;
use spanlight::verdict::State;
use spanlight_forge::{coin, Stage, StageSetup};

const FORMS: [CommitmentForm; 3] = [CommitmentForm::Trie, CommitmentForm::Simple, CommitmentForm::Concat];

#[test]
fn a_coin_transfer_is_handled_in_every_form() {
    for form in FORMS {
        let mut stage = Stage::new(&StageSetup::with_form(form));
        let request = stage.request(coin(500));
        let votes = stage.votes(&[11, 12], &stage.call(&request));
        let transfer =
            TransferProof { request: Some(request.at), handle: votes[1].handled, ..TransferProof::default() };
        let scenario = stage.prove(transfer);
        assert_eq!(scenario.state(), State::Handled { votes: 2, of: 2 });
    }
}
