//! Operators that were away for longer than the trust's trusting period.

use crate::rig::{tail, Plan, Rig};
use spanlight_devnet::pair::Side;
use spanlight_operator::store::Store;
use std::time::{Duration, Instant};

/// The chains of a rig began so many seconds ago, and their blocks are hardly younger.
const AGE: u64 = 20_000;

/// Waits until the operator has kept a checkpoint of both chains in both directions.
fn wait_for_own_checkpoints(rig: &Rig) {
    let url = format!("sqlite:{}", rig.operators[0].folder.join("operator.db").display());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Store::open_beside(&url).await.unwrap();
        let start = Instant::now();
        for direction in ["main->service", "service->main"] {
            for chain in ["main", "service"] {
                while store.resume(direction, chain, u64::MAX).await.unwrap().is_none() {
                    assert!(start.elapsed() < Duration::from_secs(90), "{direction} {chain}\n{}", tail(&rig.log(0)));
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
    });
}

fn set_trusting_period(rig: &mut Rig, seconds: u64) {
    for chain in &mut rig.trust.chains {
        chain.trusting_period = seconds;
    }
    std::fs::write(rig.folder.join("trust.json"), serde_json::to_string(&rig.trust).unwrap()).unwrap();
}

/// What the operator has logged since its log was so long.
fn since(rig: &Rig, length: usize) -> String {
    rig.log(0).split_off(length)
}

/// Both directions say that the checkpoint is too old and how to renew it, once, and go on saying
/// so in the status. No endpoint is blamed.
fn refuses_to_start(rig: &mut Rig) {
    let length = rig.log(0).len();
    rig.start(0, &[]);
    let start = Instant::now();
    let alarms = |rig: &Rig| since(rig, length).matches("code=\"checkpoint_too_old\"").count();
    while alarms(rig) < 2 {
        assert!(start.elapsed() < Duration::from_secs(60), "{}", tail(&rig.log(0)));
        std::thread::sleep(Duration::from_millis(50));
    }
    // Each direction has tried again several times.
    std::thread::sleep(Duration::from_secs(2));
    let log = since(rig, length);
    assert_eq!((alarms(rig), log.matches("cannot work; starting again").count()), (2, 2), "{}", tail(&log));
    assert!(log.contains("put a newer one that you believe into the trust file"), "{}", tail(&log));
    assert!(!log.contains("code=\"endpoint\""), "{}", tail(&log));
    for direction in ["main->service", "service->main"] {
        let board = rig.status(0)["directions"][direction].clone();
        assert_eq!(board["phase"], "failing", "{board}");
        assert!(board["trouble"].as_str().unwrap().contains("cannot be followed from block"), "{board}");
    }
    rig.kill(0);
}

#[test]
fn after_a_long_pause_only_its_own_configuration_lets_an_operator_go_on_from_its_own_checkpoint() {
    let plan = Plan { operators: 1, threshold: 1, block: Duration::from_millis(50), ..Plan::new("pauses") };
    let mut rig = Rig::new(plan);
    rig.start(0, &[]);
    rig.request(Side::Main, 0);
    rig.wait_handled(Side::Main, Duration::from_secs(60));
    wait_for_own_checkpoints(&rig);
    rig.stop(0);
    rig.request(Side::Main, 3);
    rig.request(Side::Service, 3);
    set_trusting_period(&mut rig, AGE / 20);
    refuses_to_start(&mut rig);

    let path = rig.operators[0].folder.join("operator.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let patient = text.replace("timeout_s = 4\n", &format!("timeout_s = 4\nmax_pause_s = {}\n", 2 * AGE));
    assert_ne!(text, patient);
    std::fs::write(&path, patient).unwrap();
    rig.start(0, &[]);
    rig.wait_handled(Side::Main, Duration::from_secs(60));
    rig.wait_handled(Side::Service, Duration::from_secs(60));
    rig.kill(0);

    // Without its own checkpoints only the trust's are left, for which the trusting period holds.
    for ending in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(rig.operators[0].folder.join(format!("operator.db{ending}")));
    }
    refuses_to_start(&mut rig);
}
