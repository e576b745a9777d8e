//! What is told of a recording's health while it goes on: each trouble once, and its end once,
//! because a disk or a network at its limit goes to and fro.

use crate::app::observe::otlp::Delivery;
use crate::journal::{State, Status};

/// What has been told.
#[derive(Debug, Default)]
pub(in crate::app) struct Health {
    session: ToldState,
    collector: ToldState,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum ToldState {
    #[default]
    Nothing,
    Trouble,
    Recovered,
}

/// Something to be told.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::app) struct News {
    /// Whether it is good.
    pub(in crate::app) good: bool,
    /// A sentence.
    pub(in crate::app) text: String,
}

impl Health {
    /// What is new since this was asked last.
    pub(in crate::app) fn news(
        &mut self,
        status: &Status,
        delivery: Option<Delivery>,
    ) -> Vec<News> {
        let mut news = Vec::new();
        let anew = self.session == ToldState::Nothing;
        let failing = |_: &String| anew || status.state != State::Writing;
        let trouble = status.first_error.as_ref().filter(|error| failing(error));
        let trouble = trouble.map(|error| {
            format!(
                "the session cannot be written: {error}. Pulls go on; what is missing is counted"
            )
        });
        let well = "the session is being written again";
        news.extend(self.session.update(trouble, well));
        if let Some(delivery) = delivery {
            let trouble = delivery.trouble.map(|error| {
                format!(
                    "{} does not take the spans: {error}. Pulls and the recording go on; what is \
                     missing is counted",
                    delivery.collector
                )
            });
            let well = format!("{} takes the spans again", delivery.collector);
            news.extend(self.collector.update(trouble, &well));
        }
        news
    }
}

impl ToldState {
    fn update(&mut self, trouble: Option<String>, well: &str) -> Option<News> {
        match (*self, trouble) {
            (Self::Nothing, Some(text)) => {
                *self = Self::Trouble;
                Some(News { good: false, text })
            }
            (Self::Trouble, None) => {
                *self = Self::Recovered;
                let text = well.to_owned();
                Some(News { good: true, text })
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trouble_and_its_end_are_told_once() {
        let mut told = ToldState::default();
        let trouble = || Some("full".to_owned());
        let said = [None, trouble(), trouble(), None, trouble(), None]
            .map(|trouble| told.update(trouble, "well").map(|news| news.text));
        assert_eq!(
            said,
            [
                None,
                Some("full".to_owned()),
                None,
                Some("well".to_owned()),
                None,
                None
            ]
        );
    }
}
