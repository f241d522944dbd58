//! Serving: a listener, the routes on it, the chores beside it, and the drain at the end.
//!
//! Deliberately not here: what is served ([`interdict_http`]), and the start that comes before.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use interdict_app::store::keep_aside;
use interdict_app::{App, Service};
use interdict_dashboard::{CookiePolicy, DashboardOptions};
use interdict_domain::mode::Mode;
use interdict_http::middleware::metrics::Metrics;
use interdict_http::server::{self, ServerOptions, tls};
use interdict_http::{Http, HttpOptions};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

use crate::compare;
use crate::configuration::Serving;
use crate::failure::misuse;
use crate::oidc::Oidc;
use crate::shutdown::Signals;

const CHORES_EVERY: Duration = Duration::from_secs(1);
/// Old answers are forgotten at every so many chores.
const FORGET_EVERY: u32 = 60;
/// What could not be done is tried again, and what another process left is found.
const IMPORTS_EVERY: Duration = Duration::from_secs(5);
/// Files that nobody needs are deleted at every so many looks.
const TIDY_EVERY: u32 = 720;
const TRIM_EVERY: Duration = Duration::from_hours(1);
/// How long threads that wait for the disk may keep the process after the drain.
const THREADS_PATIENCE: Duration = Duration::from_secs(5);

/// Threads with a listener: clients may connect already, and wait.
pub struct Listening {
    runtime: Runtime,
    /// A thread for what nobody waits for: no decision stands behind a renewal in its queue.
    background: Runtime,
    listener: TcpListener,
    address: SocketAddr,
    serving: Serving,
    oidc: Oidc,
}

impl Listening {
    /// Checks certificate and key, starts the threads and takes the port, so that what would fail fails
    /// before anything is made.
    pub fn start(serving: Serving) -> Result<Self> {
        if let Some(files) = &serving.tls {
            tls::acceptor(files).context("TLS cannot be served: see --tls-cert and --tls-key")?;
        }
        let mut builder = match serving.workers {
            1 => Builder::new_current_thread(),
            _ => Builder::new_multi_thread(),
        };
        let runtime = builder
            .worker_threads(serving.workers)
            .enable_all()
            .build()
            .context("the threads cannot be started")?;
        let background = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("background")
            .on_thread_start(keep_aside)
            .enable_all()
            .build()
            .context("the background thread cannot be started")?;
        let listen = &serving.listen;
        let listener = runtime.block_on(TcpListener::bind(listen)).map_err(|error| {
            misuse(format!("cannot listen on {listen} ({error}): choose another address with --listen"))
        })?;
        let address = listener.local_addr().context("the listener has no address")?;
        if !address.ip().is_loopback() && serving.tls.is_none() && !serving.behind_proxy {
            return Err(misuse(format!(
                "{address} can be reached by others, and passwords and keys would travel in plain text: give \
                 --tls-cert and --tls-key, or --behind-proxy when a proxy in front speaks TLS, or listen on 127.0.0.1"
            )));
        }
        let is_own = address.ip().is_loopback() && serving.tls.is_none() && !serving.behind_proxy;
        let own_url = is_own.then(|| base_url(&serving, address));
        let oidc = Oidc::new(&serving, own_url.as_deref())?;
        Ok(Self { runtime, background, listener, address, serving, oidc })
    }

    /// Where a client on this machine reaches it.
    pub fn base_url(&self) -> String {
        base_url(&self.serving, self.address)
    }

    /// Runs something on the threads that will serve, before they do.
    pub fn run<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// Serves until a signal, then lets what runs finish.
    pub fn serve(self, app: App) -> Result<()> {
        let Self { runtime, background, listener, serving, oidc, .. } = self;
        let app = Arc::new(app);
        let chores = Chores::start(&background, &app, &serving);
        let served = runtime.block_on(run(listener, &serving, oidc, &app, chores));
        background.shutdown_timeout(THREADS_PATIENCE);
        runtime.shutdown_timeout(THREADS_PATIENCE);
        served
    }
}

fn base_url(serving: &Serving, mut address: SocketAddr) -> String {
    let scheme = if serving.tls.is_some() { "https" } else { "http" };
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    format!("{scheme}://{address}")
}

async fn run(
    listener: TcpListener,
    serving: &Serving,
    oidc: Oidc,
    app: &Arc<App>,
    chores: Chores,
) -> Result<()> {
    let mut signals = Signals::listen().context("signals cannot be listened for")?;
    let metrics = Metrics::new();
    let options = ServerOptions {
        tls: serving.tls.clone(),
        open_connections: metrics.open_connections(),
        ..ServerOptions::default()
    };
    let http_options = HttpOptions {
        at_least_wait: serving.at_least_wait,
        public_url: serving.public_url.clone(),
        behind_proxy: serving.behind_proxy,
        ..HttpOptions::default()
    };
    let pages = interdict_dashboard::router(Arc::clone(app), dashboard_options(serving, oidc));
    let http = Http::new(Arc::clone(app), metrics, http_options).with_pages(pages);
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let stopping = http.clone();
    let twice = async move {
        signals.next().await;
        tracing::info!("stopping: running requests may finish; another signal cuts them");
        drop(stop);
        stopping.stop();
        signals.next().await;
    };
    let served = server::serve(listener, options, http, async {
        // The sender is dropped, never used.
        let _ = stopped.await;
    });
    tokio::select! {
        served = served => served.context("serving failed")?,
        () = twice => bail!("stopped by a second signal: requests that still ran were cut"),
    }
    app.stop_imports();
    chores.stop();
    // What was counted since the last time.
    app.finish_chores().await;
    Ok(())
}

/// Cookies are those of https where people come by https.
fn dashboard_options(serving: &Serving, oidc: Oidc) -> DashboardOptions {
    let public_url = serving.public_url.clone();
    let is_secure =
        serving.tls.is_some() || public_url.as_ref().is_some_and(|url| url.starts_with("https://"));
    let cookies = if is_secure { CookiePolicy::Secure } else { CookiePolicy::Loopback };
    let mut options = DashboardOptions { public_url, cookies, ..DashboardOptions::default() };
    oidc.offer(&mut options);
    options
}

/// What is done beside the requests.
struct Chores(Vec<JoinHandle<()>>);

impl Chores {
    fn start(background: &Runtime, app: &Arc<App>, serving: &Serving) -> Self {
        let chores = [
            background.spawn(do_chores(Arc::clone(app))),
            background.spawn(recover_payments(Arc::clone(app))),
        ];
        let trim = serving.feed_retention.map(|retention| background.spawn(trim(Arc::clone(app), retention)));
        let _inside = background.enter();
        let of_modes = Mode::ALL.into_iter().flat_map(|mode| {
            let service = || Arc::clone(app.service(mode));
            [
                background.spawn(renew(service(), serving.renewal_interval)),
                background.spawn(compare::now_and_then(service(), serving.compare_interval)),
                background.spawn(import(service())),
                background.spawn(mirror(service())),
            ]
        });
        Self(chores.into_iter().chain(trim).chain(of_modes).collect())
    }

    /// Ends them where they wait: whatever they have committed, the next start goes on with.
    fn stop(self) {
        self.0.iter().for_each(JoinHandle::abort);
    }
}

/// Looks for renewals now and then, and at once when the merchant's clock was put ahead.
async fn renew(service: Arc<Service>, every: Duration) {
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = service.renewals_wanted() => {}
        }
        if service.readiness().loaded
            && let Err(error) = service.renew_subscriptions().await
        {
            tracing::warn!(error = &error as &dyn std::error::Error, "renewals are looked for again later");
        }
    }
}

/// Runs imports, as soon as there are any and when this process starts: some may have been cut. Apart from the other
/// chores, on a thread of its own: a file takes as long as it takes.
async fn import(service: Arc<Service>) {
    let mut ticks = tokio::time::interval(IMPORTS_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut looks = 0_u32;
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = service.imports_wanted() => {}
        }
        let (working, tidies) = (Arc::clone(&service), looks.is_multiple_of(TIDY_EVERY));
        looks = looks.wrapping_add(1);
        let work = tokio::task::spawn_blocking(move || {
            if tidies {
                working.tidy_imports()?;
            }
            working.work_on_imports()
        });
        if let Ok(Err(error)) = work.await {
            tracing::warn!(error = &error as &dyn std::error::Error, "imports are looked for again later");
        }
    }
}

/// Keeps the lists at the payment providers in step, a step a second: that is also the pace at which they are asked.
async fn mirror(service: Arc<Service>) {
    let mut ticks = tokio::time::interval(CHORES_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = service.mirror_lists().await {
            tracing::warn!(error = &error as &dyn std::error::Error, "provider lists wait");
        }
    }
}

async fn do_chores(app: Arc<App>) {
    let mut ticks = tokio::time::interval(CHORES_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut count = 0_u32;
    loop {
        ticks.tick().await;
        app.do_chores(count == 0).await;
        count = (count + 1) % FORGET_EVERY;
    }
}

/// Apart from the other chores: it waits for the provider.
async fn recover_payments(app: Arc<App>) {
    let mut ticks = tokio::time::interval(CHORES_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        app.recover_payments().await;
    }
}

/// Trims the feeds, as soon as everything is loaded and now and then from there on.
async fn trim(app: Arc<App>, retention: Duration) {
    while !app.is_ready() {
        tokio::time::sleep(CHORES_EVERY).await;
    }
    let mut ticks = tokio::time::interval(TRIM_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        app.trim_feeds(retention).await;
    }
}
