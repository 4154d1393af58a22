use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{FunctionCode, Runtime};

use crate::Stack;

/// Makes a function of a program that speaks the runtime API, and gives its role: it needs no rights, but must have one.
pub async fn create(stack: &Stack, name: &str, program: &[u8]) -> String {
    let lambda = aws_sdk_lambda::Client::new(&stack.aws);
    let other = format!("{}-tenant-admit", stack.deployment);
    let other = lambda.get_function_configuration().function_name(other).send().await;
    let role = other.expect("a function").role().expect("a role").to_owned();
    let code = FunctionCode::builder().zip_file(Blob::new(zip("bootstrap", program)));
    let function = lambda.create_function().function_name(name).role(&role);
    let function = function.runtime(Runtime::Providedal2023).handler("bootstrap").timeout(30);
    function.code(code.build()).send().await.expect("a function");
    role
}

/// An archive of one file, stored as it is.
fn zip(name: &str, content: &[u8]) -> Vec<u8> {
    let length = |bytes: usize| u32::try_from(bytes).expect("a small file").to_le_bytes();
    let short = |number: usize| u16::try_from(number).expect("a short name").to_le_bytes();
    let (size, no) = (length(content.len()), [0; 2]);
    // Version, flags, method, time, date, checksum, sizes, and the lengths of the name and of nothing.
    let about = [
        &[20, 0][..],
        &no,
        &no,
        &no,
        &[0x21, 0],
        &crc32fast::hash(content).to_le_bytes(),
        &size,
        &size,
        &short(name.len()),
        &no,
    ]
    .concat();
    let file = [b"PK\x03\x04", &about[..], name.as_bytes(), content].concat();
    let executable = (0o100_755_u32 << 16).to_le_bytes();
    let entry =
        [b"PK\x01\x02\x14\x03", &about[..], &no, &no, &no, &executable, &[0; 4], name.as_bytes()].concat();
    let one = [1, 0];
    let end =
        [&b"PK\x05\x06"[..], &no, &no, &one, &one, &length(entry.len()), &length(file.len()), &no].concat();
    [file, entry, end].concat()
}
