use super::*;

/// `torch._utils._rebuild_tensor_v2(storage "0", offset, shape, strides)` as a pickle, sizes < 256.
fn tensor_program(offset: u8, shape: &[u8], strides: &[u8]) -> Vec<u8> {
    let mut program = b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n(".to_vec();
    program.extend(b"(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpuK\x08tQ");
    program.extend([b'K', offset]);
    for sizes in [shape, strides] {
        program.push(b'(');
        program.extend(sizes.iter().flat_map(|&size| [b'K', size]));
        program.push(b't');
    }
    program.extend(b"tR.");
    program
}

fn tensor(offset: u8, shape: &[u8], strides: &[u8]) -> TensorRecord {
    let pickled = read(&tensor_program(offset, shape, strides)).unwrap();
    let Value::Tensor(record) = pickled.root() else {
        panic!("no tensor: {pickled:?}")
    };
    record.clone()
}

fn reason(program: &[u8]) -> String {
    match read(program) {
        Err(Fault::Damaged(reason) | Fault::Forbidden(reason)) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn tensors_keep_shape_strides_and_storage() {
    let record = tensor(2, &[2, 3], &[3, 1]);
    assert_eq!((record.offset, record.shape.as_slice()), (2, &[2, 3][..]));
    assert_eq!(
        (record.storage.key.as_str(), record.storage.dtype),
        ("0", DType::F32)
    );
    assert!(record.is_contiguous());
    assert_eq!(record.span(), Some(6));
    assert_eq!(tensor(0, &[], &[]).span(), Some(1));
}

#[test]
fn transposed_tensors_are_read_in_row_major_order() {
    let record = tensor(0, &[2, 3], &[1, 2]);
    assert!(!record.is_contiguous());
    assert_eq!(record.span(), Some(6));
    assert_eq!(record.positions().collect::<Vec<_>>(), [0, 2, 4, 1, 3, 5]);
}

#[test]
fn repeating_and_empty_tensors_have_no_span() {
    assert_eq!(tensor(0, &[200, 200], &[0, 0]).span(), None);
    assert_eq!(tensor(0, &[4, 4], &[1, 1]).span(), None);
    for shape in [vec![usize::MAX, 2], vec![usize::MAX, usize::MAX, 0]] {
        let mut record = tensor(0, &[], &[]);
        record.strides = vec![usize::MAX; shape.len()];
        record.shape = shape;
        assert_eq!(record.span(), None);
    }
}

#[test]
fn long_integers_keep_their_sign() {
    let int = |program: &[u8]| match read(program).unwrap().root() {
        Value::Int(value) => *value,
        other => panic!("{other:?}"),
    };
    assert_eq!(int(b"\x8a\x00."), 0);
    assert_eq!(int(b"\x8a\x02\x00\x80."), -32768);
    assert_eq!(int(b"\x8a\x03\x00\x80\x00."), 32768);
    assert_eq!(int(b"J\xff\xff\xff\xff."), -1);
    let too_long = read(&[&b"\x8a\x10"[..], &[1; 16], b"."].concat()).unwrap();
    assert!(matches!(too_long.root(), Value::Plain));
}

#[test]
fn unknown_names_are_refused_whatever_they_do() {
    assert_eq!(reason(b"cos\nsystem\n(X\x02\0\0\0lstR."), "os.system");
    assert_eq!(reason(b"c__builtin__\nset\n."), "__builtin__.set");
    assert_eq!(reason(b"ccollections\nCounter\n)R."), "collections.Counter");
}

#[test]
fn malformed_programs_are_errors() {
    let early = "the pickle ends early";
    let empty = "the pickle takes from an empty stack";
    for (program, want) in [
        (&b""[..], early),
        (b"\x80", early),
        (b"X\xff\xff\xff\xffab", early),
        (b"cos", early),
        (b".", empty),
        (b"R.", empty),
        (b"\x87.", empty),
        (b"t.", empty),
        (b"N(0t.", "instruction 0x30 in the pickle"),
        (b"N(a(at.", empty),
        (b"q\x00.", empty),
        (b"h\x00.", "the pickle uses a value before making it"),
        (b"}(NNNu.", "a key without value in the pickle"),
        (b"NNNs.", "a key of something that is no dictionary"),
        (b"NQ.", "a reference to a storage that is not PyTorch's"),
        (
            b"ctorch._utils\n_rebuild_tensor_v2\n)R.",
            "a call with other arguments than PyTorch's",
        ),
        (
            b"ctorch._utils\n_rebuild_parameter\nN\x85R.",
            "a call with other arguments than PyTorch's",
        ),
        (b"N)R.", "a call with other arguments than PyTorch's"),
    ] {
        assert_eq!(reason(program), want, "{program:?}");
    }
}

#[test]
fn dictionaries_that_hold_themselves_and_deep_nesting_end() {
    let cyclic = read(b"}q\x00X\x01\0\0\0ah\x00s.").unwrap();
    assert!(matches!(cyclic.root(), Value::Dict(entries) if entries.len() == 1));
    let mut deep = vec![b')'];
    deep.extend(std::iter::repeat_n(0x85, 1_000_000));
    deep.push(b'.');
    assert!(read(&deep).is_ok());
}

#[test]
fn sizes_of_names_shapes_and_dictionaries_are_bounded() {
    let name = |len: usize| {
        let mut program = b"X".to_vec();
        program.extend((len as u32).to_le_bytes());
        program.extend(vec![b'a'; len]);
        program.push(b'.');
        program
    };
    assert!(matches!(
        read(&name(MAX_NAME_BYTES)).unwrap().root(),
        Value::Text(_)
    ));
    assert!(matches!(
        read(&name(MAX_NAME_BYTES + 1)).unwrap().root(),
        Value::Plain
    ));

    assert_eq!(tensor(0, &[1; MAX_RANK], &[1; MAX_RANK]).span(), Some(1));
    let program = tensor_program(0, &[1; MAX_RANK + 1], &[1; MAX_RANK + 1]);
    assert_eq!(
        reason(&program),
        "a call with other arguments than PyTorch's"
    );

    let mut program = b"}".to_vec();
    program.extend(b"NNs".repeat(MAX_ENTRIES));
    assert!(read(&[&program[..], b"."].concat()).is_ok());
    let too_many = [&program[..], b"NNs."].concat();
    assert_eq!(reason(&too_many), "a dictionary of more than 10000 entries");
}
