//! Bash, which takes `=` and `:` for words of their own: they are glued together before anything is completed, and what
//! it has of a word already is left out of the answers.

use std::ffi::OsString;

/// What bash loads. The words are handed over up to the cursor: `$2` is what lies before it, but for a lone `=` or `:`.
pub(super) const SCRIPT: &str = r#"_rhelm() {
    local IFS=$'\013' space=true
    if compopt +o nospace 2>/dev/null; then
        space=false
    fi
    local words=("${COMP_WORDS[@]:0:COMP_CWORD+1}")
    if [[ ${BASH_VERSINFO[0]} -ge 4 && ( -n $2 || ! ${words[COMP_CWORD]} =~ ^[=:]+$ ) ]]; then
        words[COMP_CWORD]=$2
    fi
    COMPREPLY=($(_CLAP_IFS="$IFS" VARIABLE=bash rhelm -- "${words[@]}"))
    if [[ $? != 0 ]]; then
        unset COMPREPLY
    elif [[ $space == false && ${COMPREPLY-} =~ [=/:]$ ]]; then
        compopt -o nospace
    fi
}
if [[ ${BASH_VERSINFO[0]} -gt 4 || ( ${BASH_VERSINFO[0]} -eq 4 && ${BASH_VERSINFO[1]} -ge 4 ) ]]; then
    complete -o nospace -o bashdefault -o nosort -F _rhelm rhelm
else
    complete -o nospace -o bashdefault -F _rhelm rhelm
fi
"#;

/// The words as they were typed, and what bash has of the last one already.
pub(super) fn glued(words: Vec<OsString>) -> (Vec<OsString>, String) {
    let mut whole: Vec<OsString> = Vec::new();
    let mut known = String::new();
    let mut open = false;
    for word in words {
        let breaks = !word.is_empty() && word.to_string_lossy().chars().all(|c| matches!(c, '=' | ':'));
        // The first two are the program and its command.
        let glues = (open || breaks) && whole.len() > 2;
        known.clear();
        match whole.last_mut() {
            Some(last) if glues => {
                known = last.to_string_lossy().into_owned();
                last.push(&word);
                if breaks {
                    known = last.to_string_lossy().into_owned();
                }
            }
            _ => whole.push(word),
        }
        open = breaks;
    }
    (whole, known)
}
