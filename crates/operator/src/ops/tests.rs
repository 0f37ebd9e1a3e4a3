use super::*;
use crate::alarm::Alarm;
use crate::board::Pending;

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
        "spanlight_operator_paused 0",
    ] {
        assert!(text.lines().any(|have| have == line), "{line} is not in\n{text}");
    }
}

/// A dashboard or an alert on a metric that nobody exports would be silent for ever.
#[test]
fn dashboards_and_alerts_ask_for_metrics_that_there_are() {
    let text = metrics_text(&board().status(), 100).unwrap();
    let files = [
        include_str!("../../../../deploy/grafana/dashboards/spanlight-operator.json"),
        include_str!("../../../../deploy/prometheus/alerts.yml"),
    ];
    for file in files {
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
