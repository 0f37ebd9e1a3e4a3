use super::*;
use crate::alarm::Alarm;
use crate::board::Pending;
use crate::decide::Wait;

fn board() -> Board {
    let board = Board::new("one");
    board.update("main->service", |direction| {
        direction.phase = "following".to_owned();
        direction.votes_sent = 7;
        direction.balance = "1500000000000000000".to_owned();
        direction.pending.insert(3, Pending { requested_at: 90, ..Pending::default() });
    });
    board.count_alarm("main->service", &Alarm::RequestBeforeCheckpoint);
    board
}

fn get(address: SocketAddr, path: &str) -> (u16, String) {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None).build().new_agent();
    let mut answer = agent.get(format!("http://{address}{path}")).call().unwrap();
    (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap())
}

#[test]
fn metrics_show_the_board() {
    let text = metrics_text(&board().status(), 100).unwrap();
    for line in [
        "spanlight_operator_votes_sent_total{direction=\"main->service\"} 7",
        "spanlight_operator_operator_balance_coins{direction=\"main->service\"} 1.5",
        "spanlight_operator_lag_seconds{direction=\"main->service\"} 10",
        "spanlight_operator_pending_age_seconds{direction=\"main->service\",nonce=\"3\"} 10",
        "spanlight_operator_alarms_total{code=\"request_before_checkpoint\",direction=\"main->service\"} 1",
        "spanlight_operator_alarms_total{code=\"fraud\",direction=\"main->service\"} 0",
        "spanlight_operator_turned_away_total{port=\"ops\"} 0",
        "spanlight_operator_paused 0",
    ] {
        assert!(text.lines().any(|have| have == line), "{line} is not in\n{text}");
    }
}

#[test]
fn counts_are_counters_and_nothing_unknown_is_a_zero() {
    let text = metrics_text(&board().status(), 100).unwrap();
    let mut counters = 0;
    for line in text.lines().filter(|line| line.starts_with("# TYPE ")) {
        let (name, kind) = line.trim_start_matches("# TYPE ").split_once(' ').unwrap();
        assert_eq!(name.ends_with("_total"), kind == "counter", "{line}");
        counters += usize::from(kind == "counter");
    }
    assert!(counters > 5, "{counters}");
    // No fee payer, no head and no liquidity are known of this board.
    for name in ["fee_payer_balance_coins", "bridge_liquidity_coins", "source_head_age_seconds", "threshold"] {
        assert!(!text.contains(&format!("spanlight_operator_{name}{{")), "{name} is not known\n{text}");
    }
}

const ALERTS: &str = include_str!("../../../../deploy/prometheus/alerts.yml");
const DASHBOARD: &str = include_str!("../../../../deploy/grafana/dashboards/spanlight-operator.json");
const DOCS: &str = include_str!("../../../../docs/operator.md");

/// The codes as the alarms give them, read from where they are written: a list beside them could
/// miss one.
fn codes() -> Vec<String> {
    let source = include_str!("../alarm.rs");
    let from = source.find("fn code(&self)").unwrap();
    let body = &source[from..from + source[from..].find("\n    }").unwrap()];
    let quoted = body.split('"').skip(1).step_by(2).map(str::to_owned);
    let codes: std::collections::BTreeSet<String> = quoted.collect();
    codes.into_iter().collect()
}

#[test]
fn every_alarm_is_counted_and_has_an_alert_and_a_line_in_the_docs_and_dashboard() {
    let codes = codes();
    assert_eq!(codes, crate::alarm::CODES, "alarm::CODES lists every code, sorted");
    let table = &DOCS[DOCS.find("## 4. Alarms").unwrap()..DOCS.find("## 5.").unwrap()];
    for code in &codes {
        let alerts = ALERTS.lines().filter(|line| {
            let named = line.split("code=~\"").nth(1).and_then(|rest| rest.split('"').next());
            named.is_some_and(|named| named.split('|').any(|name| name == code))
        });
        assert_eq!(alerts.count(), 1, "`{code}` needs a rule in deploy/prometheus/alerts.yml");
        assert!(table.contains(&format!("`{code}`")), "`{code}` needs a line in docs/operator.md 4");
    }
    // One panel shows them all, whatever their codes.
    assert!(DASHBOARD.contains("spanlight_operator_alarms_total") && DASHBOARD.contains("{{code}}"));
}

#[test]
fn an_alert_tells_when_every_replica_is_dead() {
    // A dead process has no metrics: what is not there cannot be compared with anything.
    assert!(ALERTS.contains("absent(up{job=\"spanlight-operator\"} == 1)"));
    assert!(ALERTS.contains("up{job=\"spanlight-operator\"} == 0"));
}

/// Sockets of a test count twice, at both ends, and some systems allow a thousand.
pub(crate) fn allow_many_sockets() {
    let pid = std::process::id().to_string();
    let _ = std::process::Command::new("prlimit").args(["--pid", &pid, "--nofile=8192:"]).status();
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_connections_keep_nobody_from_asking() {
    use std::io::Read;
    let address = serve(SocketAddr::from(([127, 0, 0, 1], 0)), board()).await.unwrap();
    allow_many_sockets();
    let mut idle: Vec<_> = (0..1100).map(|_| std::net::TcpStream::connect(address).unwrap()).collect();
    assert_eq!(tokio::task::spawn_blocking(move || get(address, "/healthz")).await.unwrap(), (200, "ok\n".to_owned()));
    let is_open = |stream: &mut std::net::TcpStream| {
        stream.set_nonblocking(true).unwrap();
        matches!(stream.read(&mut [0; 16]), Err(error) if error.kind() == std::io::ErrorKind::WouldBlock)
    };
    // Before they are idle for too long: for newer ones.
    let start = Instant::now();
    let mut open = idle.len();
    while open > 64 {
        assert!(start.elapsed() < Duration::from_secs(30), "{open} are open");
        open = idle.iter_mut().filter_map(|stream| is_open(stream).then_some(())).count();
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// A dashboard or an alert on a metric that nobody exports would be silent for ever.
#[test]
fn dashboards_and_alerts_ask_for_metrics_that_there_are() {
    let board = board();
    board.update("main->service", |direction| {
        (direction.source_time, direction.destination_time) = (90, 90);
        direction.fee_payer_balance = Some("1".to_owned());
        direction.liquidity = "1".to_owned();
        direction.pending.insert(4, Pending { reason: Wait::NoSimulation.code().to_owned(), ..Pending::default() });
    });
    let text = metrics_text(&board.status(), 100).unwrap();
    let waits = "reason=\"no_simulation\"}";
    assert!(text.contains(&format!("{waits} 1\n")) && ALERTS.contains(&format!("{waits} > 0\n")), "{text}");
    for file in [DASHBOARD, ALERTS] {
        let mut asked = 0;
        for (at, _) in file.match_indices("spanlight_operator_") {
            let rest = &file[at..];
            let name = &rest[..rest.find(|c: char| !c.is_ascii_lowercase() && c != '_').unwrap_or(rest.len())];
            assert!(text.contains(&format!("# HELP {name} ")), "{name}");
            asked += 1;
        }
        assert!(asked > 3, "{asked}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_ready_only_while_every_direction_is() {
    let board = board();
    let address = serve(SocketAddr::from(([127, 0, 0, 1], 0)), board.clone()).await.unwrap();
    assert_eq!(get(address, "/healthz"), (200, "ok\n".to_owned()));
    assert_eq!(get(address, "/readyz").0, 200);
    assert_eq!(ask(address).unwrap(), board.status());
    board.update("service->main", |direction| direction.phase = "failing".to_owned());
    assert_eq!(get(address, "/readyz"), (503, "service->main: failing\n".to_owned()));
    assert!(get(address, "/metrics").1.contains("spanlight_operator_ready{direction=\"service->main\"} 0"));
    // A direction that is followed on heads which nobody may act on is not ready.
    board.update("service->main", |direction| {
        direction.phase = "following".to_owned();
        direction.max_head_age = 60;
        direction.source_time = crate::clock::now();
        direction.destination_time = crate::clock::now() - 200;
    });
    let (code, words) = get(address, "/readyz");
    assert_eq!(code, 503);
    assert!(words.starts_with("service->main: the head of the destination is 20"), "{words}");
    assert!(get(address, "/metrics").1.contains("spanlight_operator_ready{direction=\"service->main\"} 0"));
    board.update("service->main", |direction| direction.destination_time = crate::clock::now());
    assert_eq!(get(address, "/readyz").0, 200);
    assert_eq!(get(address, "/nothing").0, 404);
}
