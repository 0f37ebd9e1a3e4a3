// The ways in which the two parts of the module may come, or not come, or not belong together.
// `bytes` holds both parts; `verify` judges a stuck transfer; `options` are those of a `prove` that works.
export async function parts(bring, bytes, verify, options, failures) {
  let passed = 0;
  const expect = (what, holds) => (holds ? (passed += 1) : failures.push(`parts: ${what}`));
  const prove = (more) => soon(bring.prove({ nonce: 4 }, { ...options, ...more }).then(({ transfers }) => transfers[0].state, (error) => error));
  const judges = async () => (await soon(verify())).transfers?.[0].state === "stuck";
  const refused = (error, ...words) => error instanceof bring.LoadError && error.code === "wasm.load" && words.every((word) => error.message.includes(word));
  const { judging, gathering } = bytes;

  // A part of another build: its name of the memory is another one.
  const name = WebAssembly.Module.imports(await WebAssembly.compile(gathering)).find(({ kind }) => kind === "memory").name;
  const other = gathering.slice();
  other.set(new TextEncoder().encode("0123456789abcdef"), position(other, name));
  const given = [other, judging, gathering];
  bring.init(judging, () => given.shift());
  expect("judging works before", await judges());
  for (const what of ["another build", "the first part as the second"]) {
    const mixed = await prove();
    expect(`${what}: ${mixed}`, refused(mixed, "different builds", "same version") && mixed.cause instanceof WebAssembly.LinkError);
    expect(`judging works after ${what}`, await judges());
  }
  const state = await prove();
  expect(`the right part after wrong ones: ${state}`, state === "handled" && given.length === 0 && (await judges()));

  // An init during a call: the call ends with what it began with.
  let [first, second, release] = [0, 0];
  bring.init(new Promise((resolve) => (release = resolve)), () => (first++, gathering));
  const early = prove();
  await new Promise((tick) => setTimeout(tick));
  bring.init(judging, () => (second++, gathering));
  release(judging);
  expect(`init during a call: ${await early}, ${first}, ${second}`, (await early) === "handled" && first === 1 && second === 0);
  expect("the next call has the new parts", (await prove()) === "handled" && first === 1 && second === 1);

  // What brings the second part may hang, or fail once.
  bring.init(judging, () => new Promise(() => {}));
  const late = await prove({ signal: AbortSignal.timeout(50) });
  expect(`a signal while the part is loaded: ${late}`, late.name === "TimeoutError");
  let times = 0;
  bring.init(judging, () => (times++ === 0 ? Promise.reject(new Error("the network is away")) : gathering));
  const failed = await prove();
  expect(`a load that fails: ${failed}`, refused(failed, "the network is away"));
  expect("the same once more", (await prove()) === "handled" && times === 2);

  // All ways to bring a part, for both.
  const compiled = { judging: await WebAssembly.compile(judging), gathering: await WebAssembly.compile(gathering) };
  for (const [what, way] of Object.entries({
    bytes: (part) => bytes[part],
    "a buffer": (part) => bytes[part].slice().buffer,
    "a compiled module": (part) => compiled[part],
    "an answer": (part) => new Response(bytes[part]),
    "a promise of an answer": async (part) => new Response(bytes[part]),
    "a promise of bytes": async (part) => bytes[part],
    "a promise of a compiled module": async (part) => compiled[part],
    "a function": (part) => () => bytes[part],
    "a function that promises an answer": (part) => async () => new Response(bytes[part]),
    "a function that promises a module": (part) => async () => compiled[part],
  })) {
    bring.init(way("judging"), way("gathering"));
    const got = await prove();
    expect(`${what}: ${got}`, got === "handled" && (await judges()));
  }
  const missing = () => new Response(judging, { status: 404 });
  for (const [what, part, ...words] of [
    ["an answer that is none", missing, "404"],
    ["a promise of one", async () => missing(), "404"],
    ["a function that gives one", () => missing, "404"],
    ["a promise that fails", () => Promise.reject(new Error("away")), "away"],
    ["something else", () => "/spanlight.wasm"],
  ]) {
    bring.init(part());
    const error = await soon(verify().catch((thrown) => thrown));
    expect(`${what}: ${error}`, refused(error, ...words));
    bring.init(judging, part());
    await new Promise((tick) => setTimeout(tick));
    const again = await prove();
    expect(`${what} for the second part: ${again}`, refused(again, ...words) && (await judges()));
  }
  return passed;
}

/** What does not come within a minute hangs: the machine may be busy. */
function soon(promise) {
  let timer;
  const hangs = new Promise((resolve) => (timer = setTimeout(resolve, 60_000, new Error("hangs"))));
  return Promise.race([promise, hangs]).finally(() => clearTimeout(timer));
}

function position(bytes, text) {
  const wanted = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; at++) if (wanted.every((byte, place) => bytes[at + place] === byte)) return at;
  throw new Error(`no ${text} in the module`);
}
