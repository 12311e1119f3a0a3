//! Whom the client of `http_fetch` believes over TLS.

use super::*;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::sync::Arc;
use ureq::tls::Certificate;

const ROOT: &[u8] = include_bytes!("../../../testvectors/tls/root.pem");
const CERTIFICATE: &[u8] = include_bytes!("../../../testvectors/tls/localhost.pem");
const EXPIRED: &[u8] = include_bytes!("../../../testvectors/tls/expired.pem");
const KEY: &[u8] = include_bytes!("../../../testvectors/tls/localhost.key.pem");

/// A server that shows `certificate`, and answers one request after the other. Gives its port.
fn server(certificate: &[u8]) -> u16 {
    let key = PrivateKeyDer::from_pem_slice(KEY).unwrap();
    let chain = vec![CertificateDer::from_pem_slice(certificate).unwrap()];
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            let connection = ServerConnection::new(config.clone()).unwrap();
            let mut stream = BufReader::new(StreamOwned::new(connection, socket.unwrap()));
            let mut line = String::new();
            while stream.read_line(&mut line).is_ok_and(|read| read > 2) {
                line.clear();
            }
            // Who does not believe us is gone by now.
            let page = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello";
            let _ = stream.get_mut().write_all(page);
            stream.get_mut().conn.send_close_notify();
            let _ = stream.get_mut().flush();
        }
    });
    port
}

fn fetch(roots: RootCerts, host: &str, port: u16) -> Option<Vec<u8>> {
    let url = format!("https://{host}:{port}/");
    let (input, urls) = (Input::new(b""), vec![url.clone()]);
    let skill =
        Skill { input, roots: Vec::new(), directories: Vec::new(), urls, agent: agent(roots) };
    skill.fetch(url.parse().unwrap(), 64)
}

/// covers: interface-11
#[test]
fn a_server_is_believed_that_a_root_vouches_for_under_its_name() {
    let (port, late) = (server(CERTIFICATE), server(EXPIRED));
    let ours = RootCerts::new_with_certs(&[Certificate::from_pem(ROOT).unwrap()]);
    assert_eq!(fetch(ours.clone(), "localhost", port).as_deref(), Some(&b"hello"[..]));
    assert_eq!(fetch(ours.clone(), "localhost", late), None, "an old certificate was believed");
    assert_eq!(fetch(ours, "127.0.0.1", port), None, "a certificate of another name was believed");
    assert_eq!(fetch(RootCerts::WebPki, "localhost", port), None, "a root of ours was believed");
}
