//! The live demo as a process: what it shows, and that it leaves nothing behind, however it ends.

#[cfg(unix)]
use crate::common::ending_signals;
use crate::common::{command, run, scratch, Ran};
use serde_json::{json, Value};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

/// Generous: the machine may be busy with other tests.
const LONGEST: Duration = Duration::from_secs(60);

/// A folder for what one demo keeps while it runs.
fn temporary(name: &str) -> PathBuf {
    let folder = scratch(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn demo(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = command();
    command.arg("demo").args(arguments).env("TMPDIR", folder);
    command
}

fn files_in(folder: &Path) -> usize {
    std::fs::read_dir(folder).unwrap().count()
}

/// Processes whose command line names the folder: the operators.
#[cfg(target_os = "linux")]
fn operators_in(folder: &Path) -> usize {
    let folder = format!("{}/", folder.display());
    let lines = std::fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    lines.filter(|line| String::from_utf8_lossy(line).contains(&folder)).count()
}

#[cfg(target_os = "linux")]
fn wait_for_no_operators_in(folder: &Path) {
    let start = Instant::now();
    while operators_in(folder) > 0 {
        assert!(start.elapsed() < LONGEST, "operators outlive their demo");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A demo that runs.
struct Running {
    process: Child,
    stdout: BufReader<ChildStdout>,
}

impl Running {
    fn new(mut command: Command) -> Self {
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let stdout = BufReader::new(process.stdout.take().unwrap());
        Self { process, stdout }
    }

    /// Reads its output up to a line that holds `text`, and gives that line.
    fn line_with(&mut self, text: &str) -> String {
        let mut said = String::new();
        let start = Instant::now();
        loop {
            // What is kept up goes on talking.
            assert!(start.elapsed() < 3 * LONGEST, "it does not say `{text}`:\n{said}");
            let mut line = String::new();
            if self.stdout.read_line(&mut line).unwrap() == 0 {
                let mut error = String::new();
                let _ = self.process.stderr.take().unwrap().read_to_string(&mut error);
                panic!("it ended without `{text}`:\n{said}\n{error}");
            }
            if line.contains(text) {
                return line.trim_end().to_owned();
            }
            said += &line;
        }
    }

    #[cfg(unix)]
    fn signal(&self, signal: &str) {
        assert!(Command::new("kill").args(["-s", signal, &self.process.id().to_string()]).status().unwrap().success());
    }

    #[cfg(unix)]
    fn ended_by(&mut self, signal: &str) -> Option<i32> {
        self.signal(signal);
        self.process.wait().unwrap().code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn every_case_and_every_verdict_is_as_expected_and_nothing_is_left() {
    let folder = temporary("demo-live");
    let ran = Ran::from(demo(&folder, &["--json"]).output().unwrap());
    assert_eq!(ran.code, 0, "{}\n{}", ran.stdout, ran.stderr);
    let lines: Vec<Value> = ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (cases, audits) = lines.split_at(5);
    let names: Vec<&str> = cases.iter().map(|case| case["case"].as_str().unwrap()).collect();
    assert_eq!(names, ["transfers", "network_failure", "node_failure", "stolen_key", "collusion"]);
    for case in cases {
        assert_eq!((&case["as_expected"], &case["surprises"]), (&json!(true), &json!([])), "{case}");
    }
    let states = |audit: &Value| -> Vec<(u64, String)> {
        let transfers = audit["transfers"].as_array().unwrap();
        transfers.iter().map(|t| (t["nonce"].as_u64().unwrap(), t["state"].as_str().unwrap().to_owned())).collect()
    };
    let [forth, back] = audits else { panic!("{} audits", audits.len()) };
    let with = |last: u64, more: &[(u64, &str)]| -> Vec<(u64, String)> {
        let handled = (0..=last).map(|nonce| (nonce, "handled".to_owned()));
        handled.chain(more.iter().map(|(nonce, state)| (*nonce, (*state).to_owned()))).collect()
    };
    assert_eq!(states(forth), with(9, &[(1_000_000, "attempted")]));
    assert_eq!(states(back), with(6, &[(7, "unrequested"), (8, "fraud")]));
    let count = |transfer: &Value, list: &str| transfer[list].as_array().unwrap().len();
    assert_eq!([8, 9, 10].map(|row| count(&forth["transfers"][row], "dissenters")), [1, 1, 0]);
    assert_eq!((count(&forth["transfers"][10], "culprits"), count(&back["transfers"][8], "culprits")), (1, 2));
    assert_eq!((&forth["complete"], &back["complete"]), (&json!(true), &json!(true)));
    assert_eq!(files_in(&folder), 0, "its files are gone");
    #[cfg(target_os = "linux")]
    assert_eq!(operators_in(&folder), 0);
}

#[cfg(target_os = "linux")]
#[test]
fn an_interrupt_leaves_no_process_and_no_file_and_not_even_kill_leaves_a_process() {
    let folder = temporary("demo-interrupted");
    let mut running = Running::new(demo(&folder, &[]));
    running.line_with("The network fails");
    assert_eq!(operators_in(&folder), 4);
    assert_eq!(running.ended_by("INT"), Some(130));
    assert_eq!((operators_in(&folder), files_in(&folder)), (0, 0));

    let mut running = Running::new(demo(&folder, &["--json"]));
    running.line_with("\"transfers\"");
    assert_eq!(operators_in(&folder), 4);
    running.signal("KILL");
    running.process.wait().unwrap();
    wait_for_no_operators_in(&folder);
}

/// The operators' keys are written for a while after the folder is there: nothing may be written once it is gone.
#[cfg(unix)]
#[test]
fn whatever_ends_it_while_it_sets_up_leaves_nothing() {
    let folder = temporary("demo-set-up");
    for signal in ending_signals().into_iter().cycle().take(12) {
        let mut running = Running::new(demo(&folder, &[]));
        let start = Instant::now();
        while files_in(&folder) == 0 {
            assert!(start.elapsed() < LONGEST, "it makes no folder");
            std::thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(running.ended_by(signal), Some(130), "{signal}");
        assert_eq!(files_in(&folder), 0, "{signal}");
        #[cfg(target_os = "linux")]
        assert_eq!(operators_in(&folder), 0, "{signal}");
    }
}

#[cfg(unix)]
#[test]
fn what_is_kept_up_for_machines_tells_of_each_transfer_and_ends_with_its_terminal() {
    let folder = temporary("demo-keep-json");
    let mut running = Running::new(demo(&folder, &["--keep", "--json"]));
    let kept: Value = serde_json::from_str(&running.line_with("\"keep\"")).unwrap();
    assert_eq!(kept["keep"]["operators"].as_array().unwrap().len(), 2);
    for nonce in [10, 11] {
        let told: Value = serde_json::from_str(&running.line_with("\"transfer\":")).unwrap();
        let transfer = &told["transfer"];
        assert_eq!(
            [&transfer["from"], &transfer["to"], &transfer["nonce"]],
            [&json!("main"), &json!("service"), &json!(nonce)]
        );
        assert!(transfer["executed_s"].is_f64(), "{told}");
    }
    assert_eq!(running.ended_by(ending_signals().last().unwrap()), Some(0));
    assert_eq!(files_in(&folder), 0);
}

#[cfg(unix)]
#[test]
fn what_is_kept_up_answers_on_the_page_and_the_chains_and_goes_on_until_interrupted() {
    let (folder, page) = (temporary("demo-keep"), temporary("demo-keep-page"));
    std::fs::write(page.join("index.html"), "<p>the page").unwrap();
    let mut running = Running::new(demo(&folder, &["--keep", "--page", &page.display().to_string()]));
    running.line_with("All 20 verdicts are as expected");
    let main = running.line_with("main chain").split_whitespace().last().unwrap().to_owned();
    let status = running.line_with("operator 1").split_whitespace().last().unwrap().to_owned();
    let link = running.line_with("/#trust=");
    assert!(link.contains(&format!("&rpc.main={main}&rpc.service=http://127.0.0.1:")), "{link}");
    let audit = {
        let first = running.line_with("spanlight audit");
        format!("{first} {}", running.line_with("--rpc")).replace('\\', "")
    };
    let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "kaia_chainID", "params": [] }).to_string();
    assert!(ask(&main, "POST", &call).contains("\"result\":\"0x22b8\""));
    assert!(ask(&status, "GET", "").contains("\"following\""), "{status}");
    assert!(ask(link.split_once('#').unwrap().0, "GET", "").ends_with("<p>the page"));
    running.line_with("Every 5 s");
    running.line_with("request 10: 1 coin. Executed");

    // The command that it prints, as it is printed.
    let arguments: Vec<&str> = audit.split_whitespace().skip(1).collect();
    let ran = run(&arguments);
    assert_eq!(ran.code, 1, "it names the attempt: {}", ran.stderr);
    assert!(ran.stdout.contains("ATTEMPTED") && ran.stdout.contains("COMPLETE"), "{}", ran.stdout);

    assert_eq!(running.ended_by("INT"), Some(0));
    assert_eq!(files_in(&folder), 0);
    #[cfg(target_os = "linux")]
    assert_eq!(operators_in(&folder), 0);
}

/// A request by plain HTTP, and the whole answer.
fn ask(url: &str, method: &str, body: &str) -> String {
    let rest = url.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let mut stream = TcpStream::connect(host).unwrap();
    let head = format!(
        "{method} /{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all((head + body).as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn flags_that_do_not_go_together_are_refused() {
    for wrong in [
        &["demo", "--keep", "--recorded"][..],
        &["demo", "--keep", "--files", "x"],
        &["demo", "--files", "x", "--json"],
        &["demo", "--page", "x", "--json"],
        &["demo", "--page", "x", "--files", "y"],
        &["demo", "x"],
    ] {
        assert_eq!(run(wrong).code, 64, "{wrong:?}");
    }
    let nowhere = scratch("demo-nowhere").display().to_string();
    let ran = run(&["demo", "--keep", "--page", &nowhere]);
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    assert!(ran.stderr.contains(&nowhere), "{}", ran.stderr);
}
