//! A PostgreSQL database, as far as rhelm asks one: rows of a query. Nothing here can change a database.

#[cfg(feature = "cluster")]
mod client;
mod refusal;
mod settings;
#[cfg(feature = "cluster")]
mod tls;

#[cfg(feature = "cluster")]
pub use client::Client;
pub use refusal::{Kind, Refusal};
pub use settings::{Host, Kept, Mode, Session, Settings, Tls, Wrong, kept};

/// A row: a text a column, none where the database has none.
pub type Row<'a> = [Option<&'a str>];

/// A database that can be read.
pub trait Database: Send + Sync {
    /// Hands the rows of a query to `each`. All its columns must be texts.
    ///
    /// # Errors
    /// The database cannot be reached or refuses.
    fn rows(&self, query: &str, parameters: &[&str], each: &mut dyn FnMut(&Row<'_>)) -> Result<(), Refusal>;

    /// The database and its server, for messages: `the database ops at db:5432`.
    fn name(&self) -> &str;
}
