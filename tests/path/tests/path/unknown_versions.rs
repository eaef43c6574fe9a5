//! Requests in versions that are not served.

use corvid_wire::kafka::ResponseError;
use corvid_wire::kafka::messages::{ApiVersionsRequest, ApiVersionsResponse};
use corvid_wire::kafka::protocol::Decodable;
use path_tests::scene::Scene;

const API_VERSIONS: i16 = 18;
const METADATA: i16 = 3;

/// KIP-511: a client that is too new is told what it may speak, in a form that every client reads, and asks again.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_is_too_new_is_told_so_in_version_0() {
    let scene = Scene::new().await;
    let mut pipe = scene.pipe().await;
    // Whatever a future version has behind its header.
    let body = [2, b'x', 2, b'1', 7, 7, 7, 0];
    pipe.send_bytes(&bed::pipe::frame_of(API_VERSIONS, 99, 5, &body))
        .await
        .unwrap();
    let mut frame = pipe.receive_frame().await.unwrap();
    assert_eq!(frame.split_to(4)[..], 5_i32.to_be_bytes());
    let answer = ApiVersionsResponse::decode(&mut frame, 0).unwrap();
    assert_eq!(answer.error_code, ResponseError::UnsupportedVersion.code());
    let told: Vec<_> = answer
        .api_keys
        .iter()
        .map(|api| (api.api_key, api.min_version, api.max_version))
        .collect();
    assert_eq!(told, [(API_VERSIONS, 0, 4)]);
    assert!(frame.is_empty());
    let answer = pipe.call(4, &named(&ApiVersionsRequest::default())).await.unwrap();
    assert_eq!(answer.error_code, 0);
    assert!(answer.api_keys.iter().any(|api| api.api_key == METADATA));
}

fn named(request: &ApiVersionsRequest) -> ApiVersionsRequest {
    let text = corvid_wire::kafka::protocol::StrBytes::from_static_str;
    request
        .clone()
        .with_client_software_name(text("path-tests"))
        .with_client_software_version(text("1"))
}

/// As Kafka: nothing that could be answered.
#[tokio::test(flavor = "multi_thread")]
async fn any_other_unknown_version_or_api_ends_the_connection() {
    let scene = Scene::new().await;
    for (key, version) in [(METADATA, 99), (METADATA, -1), (999, 0), (-1, 0)] {
        let mut pipe = scene.pipe().await;
        pipe.send_bytes(&bed::pipe::frame_of(key, version, 1, &[0; 16]))
            .await
            .unwrap();
        let ended = pipe.receive_frame().await.unwrap_err();
        assert!(
            matches!(
                ended.kind(),
                std::io::ErrorKind::UnexpectedEof | std::io::ErrorKind::ConnectionReset
            ),
            "{key} {version}: {ended}"
        );
    }
    assert_eq!(
        scene.client().await.metadata(None, false).await.unwrap().brokers.len(),
        1
    );
}
