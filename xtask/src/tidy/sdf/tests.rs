//! Each way in which the SDF project can be wrong, on a project of one field and one role.

use super::check;
use crate::files::{SourceFile, Tree};

const MANIFEST: &str = r#"<manifest projecttype="ACCOUNTCUSTOMIZATION">
<projectname>a</projectname><frameworkversion>1.0</frameworkversion>
<dependencies><features><feature required="true">RECEIVABLES</feature></features></dependencies>
</manifest>"#;
const DEPLOY: &str = "<deploy><objects><path>~/Objects/*</path></objects></deploy>";
const FIELD: &str = r#"<transactionbodycustomfield scriptid="custbody_mlc_a">
<fieldtype>TEXT</fieldtype><label>A</label><help>About a</help><displaytype>NORMAL</displaytype>
<storevalue>T</storevalue><maxlength>40</maxlength><bodycustomerpayment>T</bodycustomerpayment>
<roleaccesses><roleaccess><role>[scriptid=customrole_mlc_connector]</role>
<accesslevel>2</accesslevel><searchlevel>2</searchlevel></roleaccess></roleaccesses>
</transactionbodycustomfield>"#;
const ROLE: &str = r#"<role scriptid="customrole_mlc_connector">
<name>a</name><centertype>ACCOUNTCENTER</centertype><permissions>
<permission><permkey>ADMI_LOGIN_OAUTH2</permkey><permlevel>FULL</permlevel></permission>
<permission><permkey>ADMI_RESTWEBSERVICES</permkey><permlevel>FULL</permlevel></permission>
<permission><permkey>REPO_ANALYTICS</permkey><permlevel>EDIT</permlevel></permission>
<permission><permkey>LIST_ACCOUNT</permkey><permlevel>VIEW</permlevel></permission>
</permissions></role>"#;
const IDS: &str = "const A: Field = field(\"custbody_mlc_a\", 4_0); // custbody_mlc_ is our prefix";

/// The findings after one text of the project was replaced by another.
fn found(from: &str, to: &str) -> Vec<String> {
    let files = [
        ("netsuite/src/manifest.xml", MANIFEST),
        ("netsuite/src/deploy.xml", DEPLOY),
        ("netsuite/src/Objects/custbody_mlc_a.xml", FIELD),
        ("netsuite/src/Objects/customrole_mlc_connector.xml", ROLE),
        ("crates/connectors/src/erp/netsuite/fields.rs", IDS),
    ];
    assert!(files.iter().any(|(_, text)| text.contains(from)), "{from} is not in the project");
    let files = files.map(|(path, text)| SourceFile::new(path, text.replace(from, to)));
    check(&Tree::new(files.into())).iter().map(ToString::to_string).collect()
}

#[test]
fn a_sound_project_passes() {
    assert_eq!(found("About a", "About &amp; around"), [""; 0]);
    assert_eq!(check(&Tree::new(Vec::new())), []);
}

#[test]
fn each_flaw_is_named() {
    for (from, to, message) in [
        ("</manifest>", "", "</manifest> is missing"),
        ("ACCOUNTCUSTOMIZATION", "SUITEAPP", "account customization"),
        (">RECEIVABLES<", ">REVENUE<", "nothing here depends"),
        (">RECEIVABLES<", ">SUBSIDIARIES<", "needs the feature RECEIVABLES"),
        ("~/Objects/*", "~/Others/*", "must deploy"),
        ("scriptid=\"custbody_mlc_a\"", "scriptid=\"custbody_mlc_b\"", "named after its script id"),
        ("scriptid=\"custbody_mlc_a\"", "scriptid=\"custbody_mlc_A\"", "lower-case"),
        ("transactionbodycustomfield", "entitycustomfield", "does not fit the kind"),
        ("transactionbodycustomfield", "itemcustomfield", "not expected here"),
        ("<fieldtype>TEXT", "<fieldtype>STRING", "fieldtype"),
        ("<label>A</label>", "", "a label is missing"),
        ("<help>About a</help>", "", "a help text is missing"),
        ("<label>A</label>", "<label>A</label><label>B</label>", "label stands twice"),
        ("<label>A</label>", "<label>A</label><colour>B</colour>", "colour is not an element"),
        ("<maxlength>40", "<maxlength>400", "maxlength"),
        ("<maxlength>40", "<maxlength>39", "holds 39 characters, but the connector sends up to 40"),
        ("<bodycustomerpayment>T", "<bodycustomerpayment>F", "applies to nothing"),
        ("<storevalue>T", "<storevalue>F", "must be stored"),
        ("<searchlevel>2", "<searchlevel>0", "edit and search"),
        ("[scriptid=customrole_mlc_connector]", "[scriptid=customrole_x]", "which is not there"),
        ("REPO_ANALYTICS", "REPO_ANALYSIS", "not in the list"),
        ("REPO_ANALYTICS", "LIST_ACCOUNT", "LIST_ACCOUNT stands twice"),
        ("REPO_ANALYTICS", "LIST_FIND", "REPO_ANALYTICS is missing"),
        ("<permlevel>VIEW", "<permlevel>FULL", "asks for FULL, VIEW is enough"),
        ("<permlevel>VIEW", "<permlevel>READ", "unknown level READ"),
        ("ACCOUNTCENTER", "", "centertype is missing"),
        ("(\"custbody_mlc_a\"", "(\"custbody_mlc_c\"", "custbody_mlc_c is used in"),
        ("(\"custbody_mlc_a\"", "(\"custbody_mlc_c\"", "custbody_mlc_a is defined under"),
    ] {
        let findings = found(from, to);
        assert!(findings.iter().any(|f| f.contains(message)), "{message}: {findings:?}");
    }
}
