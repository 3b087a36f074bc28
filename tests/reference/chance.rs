use crate::judge::Tally;
pub fn run(_: &crate::helm::Helm) -> Tally {
    Tally::default()
}
