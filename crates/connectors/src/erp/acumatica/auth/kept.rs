//! Tokens of an authorization code: the refresh token is all there is, it is good once, and every
//! process of this installation shares it. So it is renewed in turns, and what the answer holds is
//! stored before it is used (acumatica sheet section 2).

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use ports::keeper::Keeper;
use ports::{Clock, PortError};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::answers::Tokens;

/// The sealed field that holds the pair.
pub const FIELD: &str = "tokens";

/// Another process renews: it is done within a request's deadline.
const TURN_PAUSE: Duration = Duration::from_millis(500);
const TURNS_ASKED: usize = 150;
/// A store that is busy is asked again: what it does not keep is lost with this process.
const KEEP_TRIES: usize = 20;

/// The pair as it is sealed.
#[derive(Serialize, Deserialize)]
struct Sealed {
    access: String,
    refresh: String,
    until: Timestamp,
}

/// The pair as a secret.
pub fn seal(tokens: &Tokens) -> Result<SecretString, PortError> {
    let refresh = tokens.refresh.as_ref().ok_or_else(|| {
        PortError::Unauthorised(
            "no refresh token was given: allow the application the scope offline_access".to_owned(),
        )
    })?;
    let sealed = Sealed {
        access: tokens.access.expose_secret().to_owned(),
        refresh: refresh.expose_secret().to_owned(),
        until: tokens.until,
    };
    let text = serde_json::to_string(&sealed);
    text.map(SecretString::from).map_err(|error| PortError::Unavailable(error.to_string()))
}

fn unseal(secret: &SecretString) -> Result<Tokens, PortError> {
    let sealed: Sealed = serde_json::from_str(secret.expose_secret())
        .map_err(|_| PortError::Unauthorised("the kept tokens can not be read".to_owned()))?;
    Ok(Tokens {
        access: SecretString::from(sealed.access),
        refresh: Some(SecretString::from(sealed.refresh)),
        until: sealed.until,
    })
}

/// Where the pair is kept.
pub struct Shelf {
    pub keeper: Arc<dyn Keeper>,
    pub clock: Arc<dyn Clock>,
}

impl Shelf {
    /// The pair to use: the kept one while it suits, else the one that `ask` gives for its refresh
    /// token, kept first.
    pub async fn renewed<F, R>(
        &self,
        suits: impl Fn(&Tokens) -> bool,
        ask: F,
    ) -> Result<Tokens, PortError>
    where
        F: FnOnce(SecretString) -> R,
        R: Future<Output = Result<Tokens, PortError>>,
    {
        // The first look needs no turn.
        let kept = self.kept().await?;
        if suits(&kept) {
            return Ok(kept);
        }
        self.wait_for_turn().await?;
        let renewed = self.renew(suits, ask).await;
        self.keeper.end_turn().await;
        renewed
    }

    async fn renew<F, R>(
        &self,
        suits: impl Fn(&Tokens) -> bool,
        ask: F,
    ) -> Result<Tokens, PortError>
    where
        F: FnOnce(SecretString) -> R,
        R: Future<Output = Result<Tokens, PortError>>,
    {
        // Whoever had the turn before may have renewed it.
        let kept = self.kept().await?;
        if suits(&kept) {
            return Ok(kept);
        }
        let refresh = kept.refresh.unwrap_or_else(|| SecretString::from(String::new()));
        let mut tokens = ask(refresh.clone()).await?;
        // Some applications keep the token that they were asked with.
        tokens.refresh = tokens.refresh.or(Some(refresh));
        self.keep(&tokens).await?;
        Ok(tokens)
    }

    /// The other side has forgotten the token before: this one must not be lost.
    async fn keep(&self, tokens: &Tokens) -> Result<(), PortError> {
        let secret = seal(tokens)?;
        let mut kept = self.keeper.keep(FIELD, &secret).await;
        for _ in 0..KEEP_TRIES {
            if kept.is_ok() {
                return Ok(());
            }
            self.clock.wait(TURN_PAUSE).await;
            kept = self.keeper.keep(FIELD, &secret).await;
        }
        kept
    }

    async fn kept(&self) -> Result<Tokens, PortError> {
        match self.keeper.kept(FIELD).await? {
            Some(secret) => unseal(&secret),
            None => Err(PortError::Unauthorised(
                "nobody allowed this connection yet (ml-connector connections authorise)"
                    .to_owned(),
            )),
        }
    }

    async fn wait_for_turn(&self) -> Result<(), PortError> {
        for _ in 0..TURNS_ASKED {
            if self.keeper.take_turn().await? {
                return Ok(());
            }
            self.clock.wait(TURN_PAUSE).await;
        }
        Err(PortError::Unavailable("another process renews the tokens for too long".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use async_trait::async_trait;
    use jiff::SignedDuration;

    use super::*;
    use crate::http::testing::JumpingClock;

    /// What happens, in its order; the store fails so many times.
    #[derive(Default)]
    struct Log {
        lines: Mutex<Vec<String>>,
        kept: Mutex<Option<SecretString>>,
        failing: Mutex<u32>,
        taken: Mutex<u32>,
    }

    impl Log {
        fn say(&self, line: &str) {
            self.lines.lock().unwrap().push(line.to_owned());
        }
    }

    #[async_trait]
    impl Keeper for Log {
        async fn take_turn(&self) -> Result<bool, PortError> {
            let mut taken = self.taken.lock().unwrap();
            if *taken > 0 {
                *taken -= 1;
                return Ok(false);
            }
            self.say("turn");
            Ok(true)
        }

        async fn end_turn(&self) {
            self.say("end");
        }

        async fn kept(&self, _field: &str) -> Result<Option<SecretString>, PortError> {
            Ok(self.kept.lock().unwrap().clone())
        }

        async fn keep(&self, _field: &str, secret: &SecretString) -> Result<(), PortError> {
            let mut failing = self.failing.lock().unwrap();
            if *failing > 0 {
                *failing -= 1;
                return Err(PortError::Unavailable("busy".to_owned()));
            }
            self.say("kept");
            *self.kept.lock().unwrap() = Some(secret.clone());
            Ok(())
        }
    }

    fn tokens(access: &str, refresh: Option<&str>, clock: &JumpingClock) -> Tokens {
        Tokens {
            access: SecretString::from(access.to_owned()),
            refresh: refresh.map(|text| SecretString::from(text.to_owned())),
            until: clock.now() + SignedDuration::from_hours(1),
        }
    }

    #[tokio::test]
    async fn a_pair_is_kept_before_it_is_used_and_asked_for_in_turn() {
        let clock = JumpingClock::new();
        let log = Arc::new(Log::default());
        *log.failing.lock().unwrap() = 3;
        *log.taken.lock().unwrap() = 4;
        *log.kept.lock().unwrap() = Some(seal(&tokens("t1", Some("r1"), &clock)).unwrap());
        let shelf = Shelf { keeper: log.clone(), clock: clock.clone() };
        let held = shelf.renewed(|_| true, |_| async { panic!("it suits") }).await.unwrap();
        assert_eq!(held.access.expose_secret(), "t1");
        let asked = log.clone();
        let ask = |refresh: SecretString| {
            asked.say(&format!("asked with {}", refresh.expose_secret()));
            let answer = tokens("t2", Some("r2"), &clock);
            async move { Ok(answer) }
        };
        let held = shelf.renewed(|one| one.access.expose_secret() != "t1", ask).await.unwrap();
        assert_eq!(held.access.expose_secret(), "t2");
        assert_eq!(*log.lines.lock().unwrap(), ["turn", "asked with r1", "kept", "end"]);
        // Another process finds the new pair.
        let ask = |_| async { panic!("it was renewed") };
        let held = shelf.renewed(|one| one.access.expose_secret() != "t1", ask).await.unwrap();
        assert_eq!(held.refresh.unwrap().expose_secret(), "r2");
    }

    #[tokio::test]
    async fn a_refusal_ends_the_turn_and_loses_nothing() {
        let clock = JumpingClock::new();
        let log = Arc::new(Log::default());
        *log.kept.lock().unwrap() = Some(seal(&tokens("t1", Some("r1"), &clock)).unwrap());
        let shelf = Shelf { keeper: log.clone(), clock: clock.clone() };
        let ask = |_| async { Err(PortError::Unavailable("no answer".to_owned())) };
        assert!(shelf.renewed(|_| false, ask).await.is_err());
        assert_eq!(*log.lines.lock().unwrap(), ["turn", "end"]);
        let again = shelf.renewed(|_| true, |_| async { panic!("it suits") }).await.unwrap();
        assert_eq!(again.access.expose_secret(), "t1");
    }
}
