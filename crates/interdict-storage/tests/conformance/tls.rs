//! TLS to PostgreSQL: what is asked for is what one gets, or nothing at all.
//!
//! The server turns TLS on while it runs: PostgreSQL wants the key to be its own, and its folder is there only
//! once it has been started.

use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::time::Duration;

use interdict_storage::{
    Durability, Place, PostgresServer, Schema, SchemaName, StorageError, Store, StoreOptions,
};
use interdict_test_support::{Postgres, wait_until};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tempfile::TempDir;
use tokio_postgres::NoTls;

use crate::support::{Deterministic, Ticking, pepper, put_one};

const PATIENCE: Duration = Duration::from_secs(20);

/// An authority that nobody but the tests trusts.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    folder: TempDir,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), certificate.pem()).unwrap();
        Self { issuer: Issuer::new(params, key), folder }
    }

    /// As `sslrootcert` names it.
    fn file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// A server whose certificate says that it is `name`.
    fn server(&self, name: &str) -> Postgres {
        let postgres = Postgres::start();
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let data = postgres.data_folder();
        give(&data, "server.crt", &certificate.pem());
        give(&data, "server.key", &key.serialize_pem());
        query(&postgres.url(), "ALTER SYSTEM SET ssl = on");
        query(&postgres.url(), "SELECT pg_reload_conf()");
        wait_until(|| query(&postgres.url(), "SHOW ssl") == ["on"], PATIENCE).unwrap();
        postgres
    }
}

/// Puts a file into the server's folder as if the server had made it.
fn give(folder: &Path, name: &str, content: &str) {
    let owner = folder.metadata().unwrap();
    let path = folder.join(name);
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).unwrap();
    std::io::Write::write_all(&mut file, content.as_bytes()).unwrap();
    chown(&path, Some(owner.uid()), Some(owner.gid())).unwrap();
}

/// The first column of the answer's rows.
fn query(url: &str, sql: &str) -> Vec<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
        tokio::spawn(connection);
        let answer = client.simple_query(sql).await.unwrap();
        answer
            .iter()
            .filter_map(|message| match message {
                tokio_postgres::SimpleQueryMessage::Row(row) => Some(row.get(0).unwrap_or("").to_owned()),
                _ => None,
            })
            .collect()
    })
}

fn open(url: &str) -> Result<Store, StorageError> {
    Store::open(StoreOptions {
        place: Place::Postgres(PostgresServer::parse(url).unwrap(), SchemaName::Test),
        schema: Schema::Mode,
        pepper: pepper(),
        clock: std::sync::Arc::<Ticking>::default(),
        random: Deterministic::new(1),
        durability: Durability::ControlWithoutFlush,
        observer: None,
        take_over: false,
        lease_term: None,
    })
}

fn with_authority(postgres: &Postgres, mode: &str, authority: &Authority) -> String {
    format!("{}?sslmode={mode}&sslrootcert={}", postgres.url(), authority.file().display())
}

#[test]
fn the_connection_is_encrypted_when_the_authority_is_the_right_one() {
    let authority = Authority::new();
    let postgres = authority.server("127.0.0.1");
    for mode in ["require", "verify-full"] {
        let store = open(&with_authority(&postgres, mode, &authority)).unwrap();
        put_one(&store, 1, &Deterministic::new(1));
        let encrypted = "SELECT s.ssl FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid)
                         WHERE a.application_name LIKE 'interdict %'";
        let connections = query(&postgres.url(), encrypted);
        assert!(!connections.is_empty() && connections.iter().all(|ssl| ssl == "t"), "{connections:?}");
    }
    // Without a word about TLS the loopback is trusted, unless an authority is named.
    open(&postgres.url()).unwrap();
    let other = Authority::new();
    let named = format!("{}?sslrootcert={}", postgres.url(), other.file().display());
    refused(&named, "BadSignature");
}

#[test]
fn another_authority_another_name_and_a_server_without_tls_are_refused() {
    // Of the same name, and with another key.
    let (authority, other) = (Authority::new(), Authority::new());
    let postgres = authority.server("127.0.0.1");
    refused(&with_authority(&postgres, "require", &other), "BadSignature");
    // The system's authorities have never heard of ours.
    refused(&format!("{}?sslmode=require", postgres.url()), "UnknownIssuer");
    let somebody_else = authority.server("somebody.example.com");
    refused(&with_authority(&somebody_else, "require", &authority), "not valid for name");
    let plain = Postgres::start();
    refused(&with_authority(&plain, "require", &authority), "does not support TLS");
}

/// Nothing is sent over a connection that is not what was asked for, and whoever reads the log learns why.
fn refused(url: &str, because: &str) {
    let error = open(url).map(drop).unwrap_err();
    assert!(error.is_away() && error.to_string().contains(because), "{error}");
}
