//! What passed between a phase and a registry.

use std::collections::BTreeMap;

use test_registry::Seen;

/// Requests and bytes of bodies; the bytes of heads don't count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Traffic {
    pub(crate) requests: usize,
    /// Bytes that the registry got.
    pub(crate) sent: u64,
    /// Bytes that the registry gave.
    pub(crate) received: u64,
    /// Bytes of layers among both.
    pub(crate) layers: u64,
}

impl Traffic {
    /// Sums up requests. `is_layer` tells whether a digest is a layer's; bytes of a blob whose digest is never told
    /// count as a layer's.
    pub(crate) fn of(requests: &[Seen], is_layer: impl Fn(&str) -> bool) -> Self {
        // Only the last request of an upload tells what was uploaded.
        let uploads: BTreeMap<&str, String> = requests
            .iter()
            .filter(|request| request.method == "PUT")
            .filter_map(|request| Some((path(request), digest(request)?)))
            .collect();
        let mut traffic = Self { requests: requests.len(), ..Self::default() };
        for request in requests {
            traffic.sent += request.request_bytes;
            traffic.received += request.response_bytes;
            let blob = digest(request).or_else(|| uploads.get(path(request)).cloned());
            if path(request).contains("/blobs/") && blob.is_none_or(|blob| is_layer(&blob)) {
                traffic.layers += request.request_bytes + request.response_bytes;
            }
        }
        traffic
    }
}

fn path(request: &Seen) -> &str {
    request.target.split('?').next().unwrap_or_default()
}

/// The digest of the blob that a request reads or ends the upload of.
fn digest(request: &Seen) -> Option<String> {
    let target = request.target.replace("%3A", ":").replace("%3a", ":");
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let named = query.split('&').find_map(|field| field.strip_prefix("digest="));
    let read = path.split_once("/blobs/").map(|(_, digest)| digest).filter(|digest| digest.contains(':'));
    named.or(read).map(ToOwned::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(method: &str, target: &str, request_bytes: u64, response_bytes: u64) -> Seen {
        let (method, target) = (method.to_owned(), target.to_owned());
        Seen { method, target, headers: Vec::new(), request_bytes, status: Some(200), response_bytes }
    }

    /// The layers among the bytes of some requests; the layer's digest ends in 1.
    fn layers(requests: &[Seen]) -> u64 {
        Traffic::of(requests, |digest| digest.ends_with('1')).layers
    }

    #[test]
    fn counts_bodies_in_both_directions() {
        let requests = [seen("GET", "/v2/a/manifests/b", 0, 500), seen("PUT", "/v2/a/manifests/b", 400, 1)];
        let expected = Traffic { requests: 2, sent: 400, received: 501, layers: 0 };
        assert_eq!(Traffic::of(&requests, |_| true), expected);
    }

    #[test]
    fn tells_layers_from_other_blobs() {
        assert_eq!(layers(&[seen("GET", "/v2/a/blobs/sha256:1", 0, 7)]), 7);
        assert_eq!(layers(&[seen("GET", "/v2/a/blobs/sha256:2", 0, 7)]), 0);
        assert_eq!(layers(&[seen("POST", "/v2/a/blobs/uploads/?digest=sha256%3A1", 8, 0)]), 8);
        assert_eq!(layers(&[seen("POST", "/v2/a/blobs/uploads/?mount=sha256%3A1&from=b", 0, 0)]), 0);
    }

    #[test]
    fn uploads_tell_at_their_end_what_they_were() {
        let upload = |id: &str, digest: &str| {
            [
                seen("PATCH", &format!("/v2/a/blobs/uploads/{id}?_state=x"), 100, 0),
                seen("PUT", &format!("/v2/a/blobs/uploads/{id}?_state=y&digest=sha256:{digest}"), 10, 0),
            ]
        };
        assert_eq!(layers(&[upload("one", "1"), upload("two", "2")].concat()), 110);
        // An upload that never ended may have been a layer's.
        assert_eq!(layers(&upload("one", "2")[..1]), 100);
    }
}
