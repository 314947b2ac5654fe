//! What users see.

use log::LevelFilter;
use test_kit::ScriptedBuildpack;

use crate::support::{Fixture, plan};

#[test]
fn on_success_each_participant_has_one_line() {
    let mut fixture = Fixture::new();
    fixture.buildpack("short", "echo chatty").buildpack("with/longer-name", "").buildpack("no", "exit 100");
    fixture.order(&["no", "short no? with/longer-name"]).detect().unwrap();
    assert_eq!(
        fixture.log,
        ["2 of 3 buildpacks participating", "short            1.0.0", "with/longer-name 1.0.0"]
    );
    fixture.order(&["short"]).detect().unwrap();
    assert_eq!(fixture.log, ["short 1.0.0"]);
    fixture.level = LevelFilter::Warn;
    fixture.detect().unwrap();
    assert!(fixture.log.is_empty());
}

#[test]
fn on_success_faults_are_told_once() {
    let mut fixture = Fixture::new();
    fixture.buildpack("a", "").buildpack("bad", "echo broke-here; exit 3").buildpack("no", "exit 100");
    fixture.order(&["bad? no", "a bad?"]).detect().unwrap();
    assert_eq!(
        fixture.log,
        [
            "  err:  bad@1.0.0 (3)  optional; bin/detect ended with status 3; 0 means pass and 100 fail",
            "        | broke-here",
            "1 of 2 buildpacks participating",
            "a 1.0.0",
        ]
    );
}

#[test]
fn on_failure_every_member_is_listed_with_its_reason() {
    let mut fixture = Fixture::new();
    fixture
        .buildpack("yes", "echo works >&2")
        .buildpack("no", "echo looked for a; echo; echo in vain; exit 100");
    fixture.buildpack("broken", "exit 7");
    fixture.install(&ScriptedBuildpack::new("elsewhere", "0.12").tables(
        "[[targets]]\nos = 'linux'\narch = 's390x'\n[[targets]]\nos = 'linux'\n[[targets.distros]]\nname = 'big'\nversion = '1'",
    ));
    fixture.install(&ScriptedBuildpack::new("testing", "0.12").key("exec-env = ['test', 'development']"));
    fixture.order(&["yes no broken? testing", "elsewhere no? yes", "no?"]);
    let (status, message) = fixture.failure();
    assert_eq!(status, 21);
    assert_eq!(
        message,
        "No buildpack groups passed detection, and broken@1.0.0, elsewhere@1.0.0 ended with an error"
    );
    let expected = "\
Group 1 of 3: a required buildpack did not pass
  pass: yes@1.0.0
        | works
  fail: no@1.0.0          does not apply: bin/detect ended with status 100
        | looked for a
        |
        | in vain
  err:  broken@1.0.0 (7)  optional; bin/detect ended with status 7; 0 means pass and 100 fail
  skip: testing@1.0.0     is for execution environment test or development, this build is for production
Group 2 of 3: a required buildpack did not pass
  err:  elsewhere@1.0.0  is for target linux/s390x; or linux big 1, this build is for linux/amd64 tiny 7
  skip: no@1.0.0         optional; does not apply: bin/detect ended with status 100 (output above)
  pass: yes@1.0.0        (output above)
Group 3 of 3: none of its buildpacks passed
  skip: no@1.0.0  optional; does not apply: bin/detect ended with status 100 (output above)";
    assert_eq!(fixture.log_text(), expected);
}

#[test]
fn on_failure_the_build_plan_is_explained() {
    let mut fixture = Fixture::new();
    fixture.buildpack("r", &plan("-rt")).buildpack("p", &plan("+rt")).buildpack("u", &plan("+tool"));
    fixture.buildpack("either", &plan("+rt | +tool")).buildpack("both", &plan("-rt -tool"));
    fixture.order(&["r p", "u", "p", "either both", "u? r"]);
    let (status, _) = fixture.failure();
    assert_eq!(status, 20);
    let expected = "\
Group 1 of 5: its build plan cannot be satisfied
  pass: r@1.0.0
  pass: p@1.0.0
  fail: r@1.0.0 requires rt, which only p@1.0.0 provides, later in the group
  fail: p@1.0.0 provides unused rt, which only r@1.0.0 requires, earlier in the group
Group 2 of 5: its build plan cannot be satisfied
  pass: u@1.0.0
  fail: u@1.0.0 provides unused tool, which no buildpack that passed requires
Group 3 of 5: its build plan cannot be satisfied
  pass: p@1.0.0
  fail: p@1.0.0 provides unused rt, which no buildpack that passed requires
Group 4 of 5: its build plan cannot be satisfied
  pass: either@1.0.0
  pass: both@1.0.0
  Build plan, after 2 combinations of alternatives:
  fail: both@1.0.0 requires tool, which either@1.0.0 provides, but not in this combination
  fail: both@1.0.0 requires rt, which either@1.0.0 provides, but not in this combination
Group 5 of 5: its build plan cannot be satisfied
  pass: u@1.0.0
  pass: r@1.0.0
  fail: r@1.0.0 requires rt, which no buildpack that passed provides";
    assert_eq!(fixture.log_text(), expected);
}

#[test]
fn failures_are_shown_at_every_level() {
    for (level, prefix) in
        [(LevelFilter::Debug, ""), (LevelFilter::Warn, "ERROR "), (LevelFilter::Error, "ERROR ")]
    {
        let mut fixture = Fixture::new();
        fixture.level = level;
        fixture.buildpack("no", "exit 100").order(&["no"]).failure();
        assert!(fixture.log.iter().any(|line| line.starts_with(&format!("{prefix}Group 1"))), "{level}");
        assert!(fixture.log_text().contains("\n  fail: no@1.0.0"), "{level}");
    }
}

#[test]
fn debug_logs_tell_everything_on_success_too() {
    let mut fixture = Fixture::new();
    fixture.level = LevelFilter::Debug;
    fixture.buildpack("a", "echo chatty").buildpack("no", "exit 100").buildpack("needs", &plan("-z"));
    fixture.order(&["no", "a no? needs?"]).detect().unwrap();
    let expected = "\
Group 1 of 2: a required buildpack did not pass
  fail: no@1.0.0  does not apply: bin/detect ended with status 100
Group 2 of 2: selected
  pass: a@1.0.0
        | chatty
  skip: no@1.0.0     optional; does not apply: bin/detect ended with status 100
  pass: needs@1.0.0
  skip: needs@1.0.0 requires z, which no buildpack that passed provides
1 of 3 buildpacks participating
a 1.0.0";
    assert_eq!(fixture.log_text(), expected);
}

#[test]
fn an_optional_member_for_another_target_runs_and_is_remarked() {
    let mut fixture = Fixture::new();
    fixture.level = LevelFilter::Debug;
    fixture.install(&ScriptedBuildpack::new("a", "0.12").tables("[[targets]]\nos = 'linux'\narch = 'arm64'"));
    assert_eq!(fixture.order(&["a?"]).group(), "a");
    let remark = "pass: a@1.0.0  although its targets do not include that of the build";
    assert!(fixture.log_text().contains(remark), "{}", fixture.log_text());
    // Once it failed a group it is not run for another one.
    fixture.buildpack("b", "");
    assert_eq!(fixture.order(&["a", "b a?"]).group(), "b");
}
