use super::*;

const MOST: u64 = 8_000;

fn address(number: u8) -> Address {
    Address([number; 20])
}

/// A folder that is gone afterwards.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("spanlight-evidence-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        Self(path)
    }

    fn keep(&self, nonce: u64, case: &Case<'_>, size: usize) -> Result<PathBuf, NotKept> {
        let folder = Folder { path: &self.0, most_bytes: MOST };
        folder.keep(&format!("main-{nonce}"), case, &[("trust.json", vec![1]), ("spl", vec![2; size])])
    }

    fn bytes(&self) -> u64 {
        fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len()).sum()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn attempted(culprits: &[Address]) -> Case<'_> {
    Case { kind: "attempted", executed: false, culprits }
}

fn executed(culprits: &[Address]) -> Case<'_> {
    Case { kind: "never_requested", executed: true, culprits }
}

#[test]
fn of_many_votes_of_one_thief_a_few_are_kept_also_over_restarts() {
    let place = Place::new("thief");
    let thief = [address(1)];
    // Each call reads the folder anew, as a process that was started again does.
    let kept = (0..100).filter(|nonce| place.keep(*nonce, &attempted(&thief), 10).is_ok()).count();
    assert_eq!(kept as u64, MOST_ATTEMPTED);
    assert!(matches!(place.keep(200, &attempted(&thief), 10), Err(NotKept::Enough(MOST_ATTEMPTED))));
    // Another one's, two together, and an execution of the same have their own places.
    let both = [address(1), address(2)];
    for (nonce, case) in [(300, attempted(&both)), (301, attempted(&both[1..])), (302, executed(&thief))] {
        assert!(fs::read(place.keep(nonce, &case, 10).unwrap()).unwrap() == vec![2; 10]);
    }
    let turned = [address(2), address(1)];
    assert_eq!(attempted(&both).group(), attempted(&turned).group(), "the order of names says nothing");
}

#[test]
fn what_is_kept_of_a_nonce_is_not_written_again() {
    let place = Place::new("again");
    let thief = [address(1)];
    let first = place.keep(1, &attempted(&thief), 10).unwrap();
    let bytes = place.bytes();
    assert_eq!(place.keep(1, &attempted(&thief), 4_000).unwrap(), first);
    assert_eq!(place.bytes(), bytes);
    // A mark whose bundle was never written keeps nothing away.
    fs::remove_file(&first).unwrap();
    assert_eq!(place.keep(1, &attempted(&thief), 10).unwrap(), first);
    assert!(first.exists());
}

#[test]
fn however_many_there_are_the_folder_has_an_end_and_executions_have_their_place() {
    let place = Place::new("full");
    let sets: Vec<[Address; 1]> = (0..60).map(|number| [address(number)]).collect();
    for nonce in 0..8 {
        for (set, thief) in (0u64..).zip(&sets) {
            let _ = place.keep(set * 100 + nonce, &attempted(thief), 500);
        }
    }
    assert!(place.bytes() <= MOST / 8 * 6 + 100 * 60, "{}", place.bytes());
    let full = place.keep(9_999, &attempted(&[address(200)]), 2_000);
    assert!(matches!(full, Err(NotKept::Full)));
    assert!(place.keep(10_000, &executed(&sets[0]), 500).is_ok(), "votes leave executions their place");
}

#[test]
fn the_first_of_each_set_goes_where_further_ones_may_not() {
    let at = |eighths: u64, alike: u64| Held { bytes: MOST / 8 * eighths, alike };
    for (executed, further, first) in [(false, 4, 6), (true, 7, 8)] {
        assert!(at(further - 1, 1).take(executed, MOST / 8, MOST).is_ok());
        assert!(matches!(at(further, 1).take(executed, 1, MOST), Err(NotKept::Full)));
        assert!(at(first - 1, 0).take(executed, MOST / 8, MOST).is_ok(), "the first");
        assert!(matches!(at(first, 0).take(executed, 1, MOST), Err(NotKept::Full)));
    }
    assert!(matches!(at(0, MOST_EXECUTED).take(true, 1, MOST), Err(NotKept::Enough(MOST_EXECUTED))));
    assert!(matches!(Held { bytes: u64::MAX, alike: 0 }.take(true, u64::MAX, u64::MAX), Err(NotKept::Full)));
}
