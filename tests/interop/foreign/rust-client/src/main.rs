//! An MCP client of the Rust SDK with its own OAuth, driven by lines of JSON.
//!
//! Standard input:  {"id": 1, "tool": "notes_list", "arguments": {}} or {"callback": "<redirect URI>"}
//! Standard output: {"id": 1, "error": null} or {"authorize": "<URL for the browser>"}
//!
//! The SDK leaves it to its users to open the browser, and to repeat a call after a step-up.

use std::{error::Error, sync::Arc};

use rmcp::{
    RoleClient, ServiceError, ServiceExt,
    model::CallToolRequestParams,
    service::RunningService,
    transport::{
        StreamableHttpClientTransport,
        auth::{
            AuthClient, AuthorizationCallback, AuthorizationManager, AuthorizationRequest,
            OAuthState, WWWAuthenticateParams,
        },
        streamable_http_client::StreamableHttpClientTransportConfig,
    },
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    sync::{Mutex, mpsc},
};

type Failure = Box<dyn Error + Send + Sync>;

struct App {
    client: RunningService<RoleClient, ()>,
    manager: Arc<Mutex<AuthorizationManager>>,
    callbacks: Mutex<mpsc::UnboundedReceiver<String>>,
    mcp_url: url::Url,
}

impl App {
    async fn call(&self, request: &Value) -> Result<(), Failure> {
        match self.call_once(request).await {
            Err(error) if error.auth_challenge().is_some() => {
                self.step_up(error.auth_challenge().unwrap_or_default())
                    .await?;
                Ok(self.call_once(request).await?)
            }
            result => Ok(result?),
        }
    }

    async fn call_once(&self, request: &Value) -> Result<(), ServiceError> {
        let name = request["tool"].as_str().unwrap_or_default().to_owned();
        let arguments = request["arguments"]
            .as_object()
            .cloned()
            .unwrap_or_default();
        let parameters = CallToolRequestParams::new(name).with_arguments(arguments);
        self.client.call_tool(parameters).await.map(|_| ())
    }

    async fn step_up(&self, challenge: &str) -> Result<(), Failure> {
        let scope = WWWAuthenticateParams::parse(challenge, &self.mcp_url)
            .scope
            .ok_or("the challenge names no scope")?;
        let url = self
            .manager
            .lock()
            .await
            .request_scope_upgrade(&scope)
            .await?;
        say(json!({ "authorize": url }));
        let callback = AuthorizationCallback::from_redirect_url(&next(&self.callbacks).await?)?;
        self.manager
            .lock()
            .await
            .exchange_code_for_token_with_issuer(
                &callback.code,
                &callback.csrf_token,
                callback.issuer.as_deref(),
            )
            .await?;
        Ok(())
    }
}

fn say(message: Value) {
    println!("{message}");
}

async fn next(lines: &Mutex<mpsc::UnboundedReceiver<String>>) -> Result<String, Failure> {
    Ok(lines.lock().await.recv().await.ok_or("no callback")?)
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().collect();
    let (mcp_url, redirect_uri) = (&arguments[1], &arguments[2]);
    let (send_callback, callbacks) = mpsc::unbounded_channel();
    let (send_request, mut requests) = mpsc::unbounded_channel::<Value>();
    tokio::spawn(async move {
        let mut lines = BufReader::new(tokio::io::stdin()).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            let message: Value = serde_json::from_str(&line).expect("a line of JSON");
            match message["callback"].as_str() {
                Some(callback) => drop(send_callback.send(callback.to_owned())),
                None => drop(send_request.send(message)),
            }
        }
    });
    let callbacks = Mutex::new(callbacks);

    let mut state = OAuthState::new(mcp_url.as_str(), None).await?;
    state
        .start_authorization(
            AuthorizationRequest::new(redirect_uri.as_str())
                .with_initial_scope_selection()
                .with_client_name("Rust SDK client"),
        )
        .await?;
    say(json!({ "authorize": state.get_authorization_url().await? }));
    state.handle_callback_url(&next(&callbacks).await?).await?;
    let manager = state.into_authorization_manager().ok_or("not authorized")?;

    let http_client = AuthClient::new(reqwest::Client::default(), manager);
    let manager = http_client.auth_manager.clone();
    let transport = StreamableHttpClientTransport::with_client(
        http_client,
        StreamableHttpClientTransportConfig::with_uri(mcp_url.as_str()),
    );
    let app = Arc::new(App {
        client: ().serve(transport).await?,
        manager,
        callbacks,
        mcp_url: mcp_url.parse()?,
    });
    while let Some(request) = requests.recv().await {
        let app = app.clone();
        tokio::spawn(async move {
            let error = app
                .call(&request)
                .await
                .err()
                .map(|error| error.to_string());
            say(json!({ "id": request["id"], "error": error }));
        });
    }
    Ok(())
}
