//! `spanlight serve` and `spanlight demo --page`: what a browser gets, and what nobody gets.

use crate::common::{fixture, nobody, run, scratch};
use crate::served::Served;
use base64::prelude::{Engine, BASE64_URL_SAFE_NO_PAD};
use serde_json::{json, Value};
use std::io::Read;
use std::path::PathBuf;

const HTML: &str = r#"<!doctype html><meta http-equiv="Content-Security-Policy" content="default-src 'none'"><p>page"#;

/// A folder that looks like a built page, and a file beside it that no request may reach.
fn page(name: &str) -> (PathBuf, String) {
    let folder = scratch(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(folder.join("page/assets")).unwrap();
    let page = folder.join("page");
    for (file, content) in [
        ("page/index.html", HTML),
        ("page/assets/a.js", &"let a;".repeat(100)),
        ("page/assets/a.js.br", "packed by brotli"),
        ("page/assets/a.js.gz", "packed by gzip"),
        ("page/assets/b.js", &"let b;".repeat(100)),
        ("page/c.wasm", "\0asm"),
        ("page/only.br", "not the packed form of anything"),
        ("page/.hidden", "secret"),
        ("outside.txt", "secret"),
    ] {
        std::fs::write(folder.join(file), content).unwrap();
    }
    #[cfg(unix)]
    std::os::unix::fs::symlink("../outside.txt", page.join("link.txt")).unwrap();
    let text = page.display().to_string();
    (page, text)
}

#[test]
fn files_come_with_their_type_and_what_a_browser_may_do_with_them() {
    let (_, folder) = page("serve-files");
    let served = Served::page(&folder, &[]);
    for (path, content_type, body) in [
        ("/", "text/html; charset=utf-8", HTML),
        ("/index.html", "text/html; charset=utf-8", HTML),
        ("/c.wasm", "application/wasm", "\0asm"),
        ("/only.br", "application/octet-stream", "not the packed form of anything"),
        ("/index.html?query", "text/html; charset=utf-8", HTML),
    ] {
        let answer = served.get(path);
        assert_eq!((answer.status, answer.field("content-type")), (200, Some(content_type)), "{path}");
        assert_eq!(answer.text(), body, "{path}");
    }
    for path in ["/", "/none", "/rpc/main"] {
        let answer = served.get(path);
        assert_eq!(answer.field("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.field("referrer-policy"), Some("no-referrer"));
        assert_eq!(answer.field("cross-origin-resource-policy"), Some("same-origin"));
        assert_eq!(
            answer.field("content-security-policy"),
            Some("default-src 'none'; frame-ancestors 'none'"),
            "{path}"
        );
    }
}

#[test]
fn nothing_outside_the_page_is_served() {
    let (_, folder) = page("serve-outside");
    let served = Served::page(&folder, &[]);
    let outside = ["/../outside.txt", "/%2e%2e/outside.txt", "/assets/../../outside.txt", "//outside.txt", "/link.txt"];
    for path in outside.iter().chain(&["/.hidden", "/assets", "/assets/", "/assets/a.js.br", "/index", "/rpc/main"]) {
        let answer = served.get(path);
        assert_eq!(answer.status, 404, "{path}");
        assert!(!answer.text().contains("secret"), "{path}");
    }
    assert_eq!((served.ask("POST", "/", &[]).status, served.ask("PUT", "/index.html", &[]).status), (405, 405));
}

#[test]
fn files_are_packed_for_whoever_unpacks_them() {
    let (_, folder) = page("serve-packed");
    let served = Served::page(&folder, &[]);
    let ask = |accept: &str| {
        let answer = served.ask("GET", "/assets/a.js", &[&format!("accept-encoding: {accept}")]);
        (answer.field("content-encoding").map(str::to_owned), answer.text())
    };
    let plain = (None, "let a;".repeat(100));
    assert_eq!(ask("gzip, deflate, br, zstd"), (Some("br".into()), "packed by brotli".into()));
    assert_eq!(ask("gzip;q=0.5, br;q=0"), (Some("gzip".into()), "packed by gzip".into()));
    assert_eq!(ask("identity"), plain);
    assert_eq!(served.get("/assets/a.js").text(), plain.1);
    let fresh = served.ask("GET", "/assets/b.js", &["accept-encoding: br, gzip"]);
    assert_eq!(fresh.field("content-encoding"), Some("gzip"));
    assert!(fresh.field("vary").unwrap().contains("accept-encoding"));
    let with_head = served.ask("HEAD", "/", &[]);
    assert_eq!((with_head.status, with_head.body.len()), (200, 0));
    assert_eq!(with_head.field("content-length"), Some(HTML.len().to_string().as_str()));
}

#[test]
fn what_a_browser_holds_is_not_sent_again_and_a_change_is_seen() {
    let (path, folder) = page("serve-kept");
    let tag = |served: &Served| served.get("/").field("etag").unwrap().to_owned();
    let served = Served::page(&folder, &[]);
    let first = tag(&served);
    assert_eq!(served.get("/").field("cache-control"), Some("no-cache"));
    for kept in [first.clone(), format!("W/{first}"), format!("\"x\", {first}")] {
        let answer = served.ask("GET", "/", &[&format!("if-none-match: {kept}")]);
        assert_eq!((answer.status, answer.body.len()), (304, 0), "{kept}");
    }
    assert_eq!(served.ask("GET", "/", &["if-none-match: \"x\""]).status, 200);
    std::fs::write(path.join("index.html"), "another").unwrap();
    assert_ne!(tag(&Served::page(&folder, &[])), first);
}

/// DNS rebinding: a site whose name points here is not answered, whatever it asks for.
#[test]
fn names_that_were_not_given_are_not_answered() {
    let (_, folder) = page("serve-names");
    let main = Served::chain("main");
    let served = Served::page(&folder, &["--host", "verify.example", "--proxy", &format!("main={}", main.url)]);
    for path in ["/", "/none", "/rpc/main"] {
        let answer = served.ask("GET", path, &["host: evil.example"]);
        assert_eq!(answer.status, 421);
        assert!(!answer.text().contains("page"), "{}", answer.text());
        assert!(answer.field("content-security-policy").is_some());
    }
    let ask = |host: &str| served.ask("GET", "/", &[host]).status;
    for host in ["host: localhost:1", "host: verify.example", "host: [::1]"] {
        assert_eq!(ask(host), 200, "{host}");
    }
    assert_eq!(served.ask("GET", "/", &["host: localhost", "host: evil.example"]).status, 421);
    assert_eq!(served.raw(b"GET / HTTP/1.1\r\nconnection: close\r\n\r\n").status, 421);
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"kaia_blockNumber","params":[]}"#;
    let head =
        "POST /rpc/main HTTP/1.1\r\nhost: evil.example\r\ncontent-type: application/json\r\nconnection: close\r\n";
    assert_eq!(served.raw(format!("{head}content-length: {}\r\n\r\n{call}", call.len()).as_bytes()).status, 421);
}

#[test]
fn what_is_no_page_is_refused_with_what_to_do() {
    let empty = scratch("serve-empty");
    std::fs::create_dir_all(&empty).unwrap();
    for folder in [empty.display().to_string(), scratch("serve-nowhere").display().to_string()] {
        for command in [["serve", "--page", &folder], ["demo", "--page", &folder]] {
            let ran = run(&command);
            assert_eq!(ran.code, 3, "{}", ran.stderr);
            assert!(ran.stderr.contains(&folder) && ran.stderr.contains("npm run build"), "{}", ran.stderr);
        }
    }
}

#[test]
fn a_taken_port_and_wrong_arguments_are_told() {
    let (_, folder) = page("serve-usage");
    let served = Served::page(&folder, &[]);
    let taken = run(&["serve", "--page", &folder, "--listen", served.url.strip_prefix("http://").unwrap()]);
    assert_eq!(taken.code, 4, "{}", taken.stderr);
    assert!(taken.stderr.contains("--listen"), "{}", taken.stderr);
    for wrong in ["main", "=http://x", "ma in=http://x", "main=ws://x", "main=x", "../x=http://x", "main=http://"] {
        let ran = run(&["serve", "--page", &folder, "--proxy", wrong]);
        assert_eq!(ran.code, 64, "{wrong}: {}", ran.stderr);
    }
    let twice = run(&["serve", "--page", &folder, "--proxy", "main=http://x", "--proxy", "main=http://y"]);
    assert_eq!(twice.code, 64, "{}", twice.stderr);
    assert_eq!(run(&["demo", "--page", &folder, "--json"]).code, 64);
}

#[test]
fn a_key_in_the_address_of_a_node_is_not_shown() {
    let (_, folder) = page("serve-key");
    let node = format!("main={}/v1/0123456789", nobody());
    let mut served = Served::page(&folder, &["--proxy", &node]);
    let line = served.line();
    assert!(line.contains("/rpc/main") && !line.contains("/v1/"), "{line}");
}

/// The fields of a link, and the trust in it.
fn read_link(link: &str) -> (Vec<(String, String)>, Value) {
    let fragment = link.split_once("/#").unwrap().1;
    let fields: Vec<(String, String)> =
        fragment.split('&').map(|field| field.split_once('=').unwrap()).map(|(k, v)| (k.into(), v.into())).collect();
    let packed = BASE64_URL_SAFE_NO_PAD.decode(&fields[0].1).unwrap();
    let mut json = String::new();
    flate2::read::DeflateDecoder::new(packed.as_slice()).read_to_string(&mut json).unwrap();
    assert_eq!(fields[0].0, "trust");
    (fields, serde_json::from_str(&json).unwrap())
}

/// The trust file of the fixtures as programs write it: what may be left out is written out.
fn trust_json() -> Value {
    let text = std::fs::read_to_string(fixture("trust.json")).unwrap();
    serde_json::to_value(serde_json::from_str::<spanlight::Trust>(&text).unwrap()).unwrap()
}

#[test]
fn a_link_brings_the_trust_file_and_the_proxied_nodes() {
    let (_, folder) = page("serve-link");
    let other = format!("other={}", nobody());
    let node = format!("main={}", nobody());
    let trust = fixture("trust.toml");
    let mut served = Served::page(&folder, &["--trust", &trust, "--proxy", &node, "--proxy", &other]);
    let link = std::iter::from_fn(|| Some(served.line())).find(|line| line.contains('#')).unwrap();
    let (fields, trust) = read_link(&link);
    assert_eq!(trust, trust_json());
    assert_eq!(fields[1..], [("rpc.main".to_owned(), format!("{}/rpc/main", served.url))]);
}

#[test]
fn the_demo_serves_both_recordings_and_a_link_that_brings_everything() {
    let (_, folder) = page("serve-demo");
    let mut served = Served::new(&["demo", "--page", &folder]);
    let link = std::iter::from_fn(|| Some(served.line())).find(|line| line.contains('#')).unwrap();
    let (fields, trust) = read_link(&link);
    assert_eq!(trust, trust_json());
    let field = |name: &str| fields.iter().find(|(key, _)| key == name).unwrap().1.clone();
    assert_eq!(field("now"), "1795398976");
    let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "kaia_chainID", "params": [] });
    for (chain, id) in [("main", "0x22b8"), ("service", "0x270f")] {
        served.url = field(&format!("rpc.{chain}"));
        let answer = served.post("/", &call);
        assert_eq!((answer.field("access-control-allow-origin"), &answer.json()["result"]), (Some("*"), &json!(id)));
    }
    served.url = link.split_once("/#").unwrap().0.to_owned();
    assert_eq!(served.get("/").text(), HTML);
    assert_eq!(served.ask("GET", "/", &["host: evil.example"]).status, 421);
    #[cfg(unix)]
    assert_eq!(served.ended_by("INT"), Some(0));
}
