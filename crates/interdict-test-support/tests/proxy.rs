//! The proxy between a client and a server of the test's own: what it passes on, and each way in which it fails.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests, outside of any #[test] function")]
#![allow(clippy::disallowed_methods, reason = "a real delay is measured on the real clock")]

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use interdict_test_support::{DELAY_MAX, Proxy, wait_until};

const LIMIT: Duration = Duration::from_mins(1);
/// How long nothing must happen before a test believes that nothing will.
const SILENCE: Duration = Duration::from_millis(200);

/// A server that hands each connection to its own thread, and lives until the test binary ends.
fn serve(handle: impl Fn(TcpStream) + Send + Clone + 'static) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (stream, handle) = (stream.unwrap(), handle.clone());
            thread::spawn(move || handle(stream));
        }
    });
    address
}

/// Sends back what it gets; at the end too, so that a half-close comes back as one.
fn echo() -> SocketAddr {
    serve(|mut stream| {
        stream.set_nodelay(true).unwrap();
        let mut reader = stream.try_clone().unwrap();
        let _ = std::io::copy(&mut reader, &mut stream);
        let _ = stream.shutdown(Shutdown::Write);
    })
}

fn connect(proxy: &Proxy) -> TcpStream {
    let stream = TcpStream::connect(proxy.address()).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    stream
}

fn round_trip(stream: &mut TcpStream, words: &[u8]) {
    stream.write_all(words).unwrap();
    expect(stream, words);
}

fn expect(stream: &mut TcpStream, words: &[u8]) {
    let mut answer = vec![0; words.len()];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(answer, words);
}

fn expect_silence(stream: &mut TcpStream) {
    stream.set_read_timeout(Some(SILENCE)).unwrap();
    match stream.read(&mut [0; 16]) {
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
        other => panic!("not silent: {other:?}"),
    }
    stream.set_read_timeout(Some(LIMIT)).unwrap();
}

fn expect_reset(stream: &mut TcpStream) {
    let error = stream.read(&mut [0; 16]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

fn expect_all_gone(proxy: &Proxy) {
    wait_until(|| proxy.connections() == 0, LIMIT).unwrap();
}

/// Words that differ everywhere, so that no swap goes unnoticed.
fn many_bytes(count: u32) -> Vec<u8> {
    (0..count / 4).flat_map(u32::to_le_bytes).collect()
}

#[test]
fn bytes_and_half_closes_pass_in_both_directions() {
    let proxy = Proxy::start(echo());
    assert_eq!(proxy.port(), proxy.address().port());
    let mut stream = connect(&proxy);
    round_trip(&mut stream, b"hello");
    assert_eq!(proxy.connections(), 1);

    // A server that answers only when it has heard everything needs the half-close.
    let words = many_bytes(1 << 20);
    let sent = words.clone();
    let mut writer = stream.try_clone().unwrap();
    let sender = thread::spawn(move || {
        writer.write_all(&sent).unwrap();
        writer.shutdown(Shutdown::Write).unwrap();
    });
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    sender.join().unwrap();
    assert_eq!(answer, words);
    expect_all_gone(&proxy);
}

#[test]
fn an_answer_arrives_after_the_client_has_said_its_last_word() {
    let address = serve(|mut stream| {
        let mut heard = String::new();
        stream.read_to_string(&mut heard).unwrap();
        write!(stream, "heard {heard}").unwrap();
    });
    let proxy = Proxy::start(address);
    proxy.set_delay(Duration::from_millis(20));
    let mut stream = connect(&proxy);
    stream.write_all(b"all").unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert_eq!(answer, "heard all");
}

#[test]
fn a_reset_is_passed_on_behind_the_bytes_before_it() {
    // To close with unread bytes is to reset.
    let address = serve(|mut stream| {
        stream.write_all(b"before").unwrap();
        stream.peek(&mut [0; 1]).unwrap();
    });
    let proxy = Proxy::start(address);
    let mut stream = connect(&proxy);
    expect(&mut stream, b"before");
    stream.write_all(b"unread").unwrap();
    expect_reset(&mut stream);
    expect_all_gone(&proxy);
}

#[test]
fn a_server_that_is_not_there_is_a_reset() {
    let proxy = Proxy::start(SocketAddr::from((Ipv4Addr::LOCALHOST, 1)));
    expect_reset(&mut connect(&proxy));
    expect_all_gone(&proxy);
}

#[test]
fn a_delay_holds_back_each_direction() {
    let delay = Duration::from_millis(60);
    let proxy = Proxy::start(echo());
    let mut stream = connect(&proxy);
    round_trip(&mut stream, b"warm");
    proxy.set_delay(delay);
    let begin = Instant::now();
    round_trip(&mut stream, b"slow");
    assert!(begin.elapsed() >= 2 * delay, "{:?}", begin.elapsed());
}

#[test]
fn a_delay_neither_throttles_nor_reorders() {
    let proxy = Proxy::start(echo());
    proxy.set_delay(Duration::from_millis(100));
    let mut stream = connect(&proxy);
    let words = many_bytes(16 << 20);
    let sent = words.clone();
    let mut writer = stream.try_clone().unwrap();
    let begin = Instant::now();
    let sender = thread::spawn(move || writer.write_all(&sent).unwrap());
    let mut answer = vec![0; words.len()];
    stream.read_exact(&mut answer).unwrap();
    sender.join().unwrap();
    assert!(answer == words);
    // A sleep for each of at least 256 chunks would take 25 seconds one way.
    assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
}

#[test]
fn a_shorter_delay_releases_what_is_under_way() {
    let proxy = Proxy::start(echo());
    let mut stream = connect(&proxy);
    proxy.set_delay(Duration::MAX);
    stream.write_all(b"stuck").unwrap();
    expect_silence(&mut stream);
    proxy.set_delay(DELAY_MAX);
    expect_silence(&mut stream);
    proxy.set_delay(Duration::ZERO);
    expect(&mut stream, b"stuck");
}

#[test]
fn a_slow_reader_is_felt_by_the_sender() {
    let address = serve(|stream| {
        thread::sleep(LIMIT);
        drop(stream);
    });
    let proxy = Proxy::start(address);
    let mut stream = connect(&proxy);
    stream.set_write_timeout(Some(SILENCE)).unwrap();
    // The kernel's buffers take some megabytes; the proxy adds no more than a chunk.
    let error = stream.write_all(&many_bytes(64 << 20)).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{error}");
}

#[test]
fn a_cut_resets_what_is_there_and_nothing_that_comes() {
    let (gone, ends) = std::sync::mpsc::channel();
    let address = serve(move |mut stream| {
        let mut heard = [0; 5];
        stream.read_exact(&mut heard).unwrap();
        stream.write_all(&heard).unwrap();
        let _ = gone.send(stream.read(&mut heard).map_err(|error| error.kind()));
    });
    let proxy = Proxy::start(address);
    let mut first = connect(&proxy);
    round_trip(&mut first, b"there");
    let mut fresh: Vec<_> = (0..20).map(|_| connect(&proxy)).collect();
    proxy.cut();
    assert_eq!(proxy.connections(), 0);
    expect_reset(&mut first);
    fresh.iter_mut().for_each(expect_reset);
    assert_eq!(ends.recv_timeout(LIMIT).unwrap(), Err(ErrorKind::ConnectionReset));
    round_trip(&mut connect(&proxy), b"again");
}

#[test]
fn refusing_closes_old_and_new_until_it_ends() {
    let proxy = Proxy::start(echo());
    let mut old = connect(&proxy);
    round_trip(&mut old, b"old");
    proxy.refuse(true);
    expect_reset(&mut old);
    for is_frozen in [false, true, false] {
        proxy.freeze(is_frozen);
        expect_reset(&mut connect(&proxy));
    }
    assert_eq!(proxy.connections(), 0);
    proxy.refuse(false);
    round_trip(&mut connect(&proxy), b"new");
}

#[test]
fn a_frozen_proxy_is_silent_and_goes_on_where_it_stood() {
    let proxy = Proxy::start(echo());
    let mut old = connect(&proxy);
    round_trip(&mut old, b"old");
    proxy.freeze(true);
    let mut new = connect(&proxy);
    old.write_all(b"old").unwrap();
    new.write_all(b"new").unwrap();
    expect_silence(&mut old);
    expect_silence(&mut new);
    wait_until(|| proxy.connections() == 2, LIMIT).unwrap();

    // Nobody can notice a client that leaves.
    drop(connect(&proxy));
    wait_until(|| proxy.connections() == 3, LIMIT).unwrap();
    proxy.freeze(false);
    expect(&mut old, b"old");
    expect(&mut new, b"new");
    wait_until(|| proxy.connections() == 2, LIMIT).unwrap();
}

#[test]
fn no_byte_moves_after_the_order_to_freeze() {
    let proxy = Proxy::start(echo());
    let mut stream = connect(&proxy);
    round_trip(&mut stream, b"warm");
    for _ in 0..200 {
        proxy.freeze(true);
        stream.write_all(b"x").unwrap();
        thread::yield_now();
        stream.set_nonblocking(true).unwrap();
        let early = stream.read(&mut [0; 1]).map_err(|error| error.kind());
        stream.set_nonblocking(false).unwrap();
        assert_eq!(early, Err(ErrorKind::WouldBlock));
        proxy.freeze(false);
        expect(&mut stream, b"x");
    }
}

#[test]
fn what_is_held_back_stays_while_frozen_and_is_lost_in_a_cut() {
    let proxy = Proxy::start(echo());
    let mut stream = connect(&proxy);
    proxy.set_delay(Duration::from_millis(50));
    stream.write_all(b"under way").unwrap();
    proxy.freeze(true);
    expect_silence(&mut stream);
    proxy.cut();
    expect_reset(&mut stream);
    assert_eq!(proxy.connections(), 0);
    proxy.freeze(false);
    round_trip(&mut connect(&proxy), b"later");
}

#[test]
fn controls_may_come_from_many_threads() {
    let proxy = Proxy::start(echo());
    thread::scope(|scope| {
        for turn in 0..8_u8 {
            let proxy = &proxy;
            scope.spawn(move || {
                for _ in 0..50 {
                    proxy.set_delay(Duration::from_millis(u64::from(turn)));
                    proxy.freeze(turn % 2 == 0);
                    drop(connect(proxy));
                    proxy.cut();
                }
            });
        }
    });
    proxy.freeze(false);
    proxy.cut();
    assert_eq!(proxy.connections(), 0);
    round_trip(&mut connect(&proxy), b"well");
}

#[test]
fn dropping_it_resets_its_connections_and_frees_its_port() {
    let proxy = Proxy::start(echo());
    let address = proxy.address();
    let mut stream = connect(&proxy);
    round_trip(&mut stream, b"there");
    drop(proxy);
    expect_reset(&mut stream);
    assert_eq!(TcpStream::connect(address).unwrap_err().kind(), ErrorKind::ConnectionRefused);
}
