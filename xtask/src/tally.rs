//! How many tests passed and failed, read from what test programs print.

use std::fmt;
use std::ops::AddAssign;
use std::process::ExitCode;

/// Passed and failed tests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Tests that passed.
    pub passed: u64,
    /// Tests that failed.
    pub failed: u64,
}

impl Tally {
    /// One test that passed.
    pub const PASSED: Self = Self { passed: 1, failed: 0 };
    /// One test that failed.
    pub const FAILED: Self = Self { passed: 0, failed: 1 };

    /// Whether no test ran.
    pub fn is_empty(self) -> bool {
        self == Self::default()
    }

    /// The count in a closing line of a test program: `test result: ok. 3 passed; 0 failed; ...` of cargo,
    /// `Ran 2 test suites in 1s (1s CPU time): 3 tests passed, 0 failed, ...` of Foundry, or `3 passed, 0 failed` of our own
    /// programs. Any other line counts nothing.
    pub fn of_line(line: &str) -> Option<Self> {
        let counts = match (line.strip_prefix("test result: "), line.strip_prefix("Ran ")) {
            (Some(rest), _) => rest.split_once(". ")?.1.split(';'),
            (_, Some(rest)) => rest.split_once(": ")?.1.split(';'),
            _ => line.split(';'),
        };
        let words = counts.flat_map(|part| part.split(','));
        let mut words = words.map(str::trim);
        let passed = words.next()?.strip_suffix(" passed")?;
        let passed = passed.strip_suffix(" tests").unwrap_or(passed).parse().ok()?;
        let failed = words.next()?.strip_suffix(" failed")?.parse().ok()?;
        Some(Self { passed, failed })
    }

    /// Prints the count as the last line of a run. The run failed where a test did, or where none ran.
    pub fn report(self) -> ExitCode {
        println!("\n{self}");
        match self {
            Self { failed: 0, passed: 1.. } => ExitCode::SUCCESS,
            _ => ExitCode::FAILURE,
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(passed: u64, failed: u64) -> Option<Tally> {
        Some(Tally { passed, failed })
    }

    #[test]
    fn reads_the_closing_line_of_cargo_test() {
        let line = "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s";
        assert_eq!(Tally::of_line(line), tally(3, 0));
        assert_eq!(Tally::of_line(&line.replace("ok", "FAILED").replace("0 failed", "2 failed")), tally(3, 2));
    }

    #[test]
    fn reads_the_closing_line_of_foundry() {
        let line =
            "Ran 9 test suites in 5.37s (8.89s CPU time): 104 tests passed, 1 failed, 0 skipped (105 total tests)";
        assert_eq!(Tally::of_line(line), tally(104, 1));
        assert_eq!(Tally::of_line("Ran 4 tests for test/Reentrancy.t.sol:ReentrancyTest"), None);
        assert_eq!(Tally::of_line("Suite result: ok. 4 passed; 0 failed; 0 skipped; finished in 3.21s"), None);
    }

    #[test]
    fn reads_the_closing_line_of_our_own_programs() {
        assert_eq!(Tally::of_line("12 passed, 1 failed"), tally(12, 1));
    }

    #[test]
    fn counts_nothing_in_other_lines() {
        for line in [
            "",
            "running 3 tests",
            "test tests::it_passed ... ok",
            "3 passed",
            "all 3 passed, 0 failed",
            "test result: ",
        ] {
            assert_eq!(Tally::of_line(line), None, "{line}");
        }
    }
}
