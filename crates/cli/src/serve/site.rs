//! The page's files, read once and served from memory: no request reaches the file system, so none can climb out of the
//! folder.
//!
//! A file `x.br` or `x.gz` beside `x` is `x` packed: it is sent to browsers that unpack it, and has no address of its own.
//! Browsers keep files and ask each time whether they still hold, so that a new version of the page is seen at once.

use crate::failure::Failure;
use axum::body::{Body, Bytes};
use axum::http::{header, HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::Router;
use spanlight::primitives::keccak256;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// More files, or bytes in all of them, are no page.
const MOST_FILES: usize = 1000;
const MOST_BYTES: usize = 64 << 20;

const ENTRY: &str = "index.html";
const BUILD_IT: &str = "in the sources of spanlight, `npm ci && npm run build` in www/page makes it in www/page/dist: \
                        then name that folder by --page DIR";

/// For a page that states no policy: its own files, and nodes, which are the user's choice.
const POLICY: &str =
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; \
                      font-src 'self'; manifest-src 'self'; worker-src 'self'; connect-src 'self' http: https:; \
                      base-uri 'none'; form-action 'none'";

/// How files are packed: as HTTP calls it, and the ending.
const PACKINGS: [(&str, &str); 2] = [("br", ".br"), ("gzip", ".gz")];

/// Content types by ending. Anything else is bytes that no browser shows.
const TYPES: [(&str, &str); 13] = [
    ("html", "text/html; charset=utf-8"),
    ("js", "text/javascript; charset=utf-8"),
    ("mjs", "text/javascript; charset=utf-8"),
    ("css", "text/css; charset=utf-8"),
    ("wasm", "application/wasm"),
    ("json", "application/json"),
    ("map", "application/json"),
    ("webmanifest", "application/manifest+json"),
    ("svg", "image/svg+xml"),
    ("png", "image/png"),
    ("ico", "image/x-icon"),
    ("woff2", "font/woff2"),
    ("txt", "text/plain; charset=utf-8"),
];

#[cfg(feature = "page")]
#[derive(rust_embed::Embed)]
#[folder = "../../www/page/dist"]
struct Embedded;

/// One file in one form.
struct Form {
    /// `br`, `gzip`, or nothing.
    packing: Option<&'static str>,
    bytes: Bytes,
    tag: HeaderValue,
}

/// One address: the file as it is comes last.
struct File {
    content_type: &'static str,
    forms: Vec<Form>,
}

/// All files of the page.
pub(crate) struct Site {
    files: BTreeMap<String, File>,
    policy: HeaderValue,
}

impl Site {
    /// The page in `folder`, or else the one that came with the program.
    pub(crate) fn open(folder: Option<&Path>) -> Result<Self, Failure> {
        match folder {
            Some(folder) => Self::of_folder(folder),
            None => Self::shipped(),
        }
    }

    /// The page inside the program.
    #[cfg(feature = "page")]
    fn shipped() -> Result<Self, Failure> {
        let file =
            |name: std::borrow::Cow<'static, str>| Some((name.to_string(), Embedded::get(&name)?.data.into_owned()));
        Self::of_files(Embedded::iter().filter_map(file).collect(), "the program")
    }

    /// The page in a folder beside the program, or where it is built, if the program lies in the sources' `target`.
    #[cfg(not(feature = "page"))]
    fn shipped() -> Result<Self, Failure> {
        let program = std::env::current_exe().unwrap_or_default();
        let beside = program.parent().map(|folder| folder.join("page"));
        let built = program.ancestors().filter(|above| above.ends_with("target")).filter_map(Path::parent);
        let places = beside.into_iter().chain(built.map(|sources| sources.join("www/page/dist")));
        match places.into_iter().find(|place| place.join(ENTRY).is_file()) {
            Some(place) => Self::of_folder(&place),
            None => Err(Failure::unreadable("this program was built without the page").hint(BUILD_IT)),
        }
    }

    fn of_folder(folder: &Path) -> Result<Self, Failure> {
        let name = folder.display().to_string();
        let mut files = Vec::new();
        collect(folder, "", &mut files).map_err(|e| Failure::unreadable(format!("{name}: {e}")).hint(BUILD_IT))?;
        let mut total = 0usize;
        let mut read = BTreeMap::new();
        for (address, path) in files {
            let bytes = crate::files::read(&path, MOST_BYTES)?;
            total = total.saturating_add(bytes.len());
            if total > MOST_BYTES || read.len() >= MOST_FILES {
                let what = format!("{name}: more than {MOST_FILES} files or {MOST_BYTES} bytes");
                return Err(Failure::unreadable(what).hint("is it the folder of the built page?"));
            }
            read.insert(address, bytes);
        }
        Self::of_files(read, &name)
    }

    fn of_files(mut files: BTreeMap<String, Vec<u8>>, place: &str) -> Result<Self, Failure> {
        let Some(policy) = files.get(ENTRY).map(|html| policy_of(&String::from_utf8_lossy(html))) else {
            return Err(Failure::unreadable(format!("{place}: no {ENTRY} in it, so it is no page")).hint(BUILD_IT));
        };
        let mut site = Self { files: BTreeMap::new(), policy };
        let is_packed = |name: &str, files: &BTreeMap<String, Vec<u8>>| {
            PACKINGS.iter().any(|(_, ending)| name.strip_suffix(ending).is_some_and(|plain| files.contains_key(plain)))
        };
        let names: Vec<String> = files.keys().filter(|name| !is_packed(name, &files)).cloned().collect();
        for name in names {
            let packings = PACKINGS.iter().map(|(packing, ending)| (Some(*packing), format!("{name}{ending}")));
            let forms = packings.chain([(None, name.clone())]);
            let forms = forms.filter_map(|(packing, file)| Some(Form::new(packing, files.remove(&file)?))).collect();
            let content_type = content_type(&name);
            site.files.insert(name, File { content_type, forms });
        }
        Ok(site)
    }

    pub(crate) fn router(self) -> Router {
        let site = Arc::new(self);
        Router::new().fallback(move |method: Method, uri: Uri, headers: HeaderMap| {
            let answer = site.answer(&method, &uri, &headers);
            std::future::ready(answer)
        })
    }

    fn answer(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Response {
        if !matches!(*method, Method::GET | Method::HEAD) {
            return (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "GET, HEAD")]).into_response();
        }
        let name = match uri.path().strip_prefix('/') {
            None | Some("") => ENTRY,
            Some(name) => name,
        };
        let Some((file, form)) = self.files.get(name).and_then(|file| Some((file, file.form_for(headers)?))) else {
            return (StatusCode::NOT_FOUND, "no such file\n").into_response();
        };
        let mut fields = HeaderMap::new();
        fields.insert(header::CONTENT_TYPE, HeaderValue::from_static(file.content_type));
        fields.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        fields.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        fields.insert(header::ETAG, form.tag.clone());
        fields.insert(header::CONTENT_SECURITY_POLICY, self.policy.clone());
        if let Some(packing) = form.packing {
            fields.insert(header::CONTENT_ENCODING, HeaderValue::from_static(packing));
        }
        if is_kept(headers, &form.tag) {
            return (StatusCode::NOT_MODIFIED, fields).into_response();
        }
        // The server leaves the body out of an answer to HEAD.
        (fields, Body::from(form.bytes.clone())).into_response()
    }
}

impl File {
    /// The smallest form that the browser says it reads.
    fn form_for(&self, headers: &HeaderMap) -> Option<&Form> {
        let read = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
        let read: Vec<&str> = read.flat_map(|value| value.split(',')).filter_map(accepted).collect();
        self.forms.iter().find(|form| form.packing.is_none_or(|packing| read.contains(&packing)))
    }
}

impl Form {
    fn new(packing: Option<&'static str>, bytes: Vec<u8>) -> Self {
        let digest = keccak256(&bytes).to_string();
        let tag = HeaderValue::from_str(&format!("\"{digest}\"")).unwrap_or_else(|_| HeaderValue::from_static("\"\""));
        Self { packing, bytes: bytes.into(), tag }
    }
}

/// The coding of one part of `accept-encoding`, unless it is refused by a weight of 0.
fn accepted(part: &str) -> Option<&str> {
    let (coding, weight) = part.split_once(';').unwrap_or((part, "q=1"));
    let weight = weight.trim().strip_prefix("q=").and_then(|weight| weight.parse::<f32>().ok());
    weight.is_some_and(|weight| weight > 0.0).then(|| coding.trim())
}

/// Whether the browser holds these very bytes.
fn is_kept(headers: &HeaderMap, tag: &HeaderValue) -> bool {
    let kept =
        headers.get_all(header::IF_NONE_MATCH).iter().flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    let mut kept = kept.map(<[u8]>::trim_ascii).map(|kept| kept.strip_prefix(b"W/").unwrap_or(kept));
    kept.any(|kept| kept == tag.as_bytes())
}

/// What the page may do: what it says itself, since it is built to be safe on any host, and that nobody may put it in a
/// frame, which only a server can say. Else a verdict could be drawn over by the site around it.
fn policy_of(html: &str) -> HeaderValue {
    let mut tags = html.split("<meta").skip(1).filter_map(|rest| rest.split_once('>')).map(|(tag, _)| tag);
    let own = tags.find(|tag| tag.to_ascii_lowercase().contains("http-equiv=\"content-security-policy\""));
    let own = own.and_then(|tag| tag.split_once("content=\"")?.1.split_once('"')).map_or(POLICY, |(policy, _)| policy);
    let whole = format!("{}; frame-ancestors 'none'", own.trim().trim_end_matches(';'));
    HeaderValue::from_str(&whole).unwrap_or_else(|_| HeaderValue::from_static("default-src 'none'"))
}

fn content_type(name: &str) -> &'static str {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    TYPES
        .iter()
        .find(|(known, _)| *known == ending)
        .map_or("application/octet-stream", |(_, content_type)| content_type)
}

/// Addresses and paths of the files below `folder`. Links and hidden files are left out.
fn collect(folder: &Path, prefix: &str, files: &mut Vec<(String, PathBuf)>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        let name = entry.file_name();
        let Some(name) = name.to_str().filter(|name| !name.starts_with('.')) else { continue };
        let address = format!("{prefix}{name}");
        if kind.is_dir() {
            collect(&entry.path(), &format!("{address}/"), files)?;
        } else if kind.is_file() && files.len() <= MOST_FILES {
            files.push((address, entry.path()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_coding_counts_unless_its_weight_is_0() {
        let read = |text: &'static str| text.split(',').filter_map(accepted).collect::<Vec<_>>();
        assert_eq!(read("gzip, deflate;q=0.5, br;q=0, zstd;q=x"), ["gzip", "deflate"]);
    }

    #[test]
    fn the_policy_is_the_pages_own_and_forbids_frames() {
        let of = |html: &str| policy_of(html).to_str().map(str::to_owned).unwrap_or_default();
        let own = "<meta charset=utf-8><meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:;\">";
        assert_eq!(of(own), "default-src 'none'; img-src data:; frame-ancestors 'none'");
        assert_eq!(of("<p>no policy"), format!("{POLICY}; frame-ancestors 'none'"));
        assert_eq!(of(&own.replace("img-src", "\r\n")), "default-src 'none'");
    }

    #[test]
    fn unknown_endings_are_bytes() {
        assert_eq!(content_type("a/b.wasm"), "application/wasm");
        assert_eq!(content_type("a/b"), "application/octet-stream");
        assert_eq!(content_type("a.html.exe"), "application/octet-stream");
    }
}
