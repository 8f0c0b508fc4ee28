/** Fails when the first page needs too much JavaScript, or the sign-in page the voice library. */

import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const DIST = new URL('dist/', import.meta.url);
const LIMIT_BYTES = 300_000;
const ENTRY = 'index.html';
const TALK = 'src/features/talk/TalkPage.tsx';
const SIGN_IN = 'src/features/account/SignInPage.tsx';

const manifest = JSON.parse(readFileSync(new URL('.vite/manifest.json', DIST), 'utf8'));

/** The chunks that must be there before these can run. */
function needed(...names) {
  const found = new Set();
  const add = (name) => {
    if (found.has(name)) return;
    found.add(name);
    for (const other of manifest[name].imports ?? []) add(other);
  };
  names.forEach(add);
  return [...found];
}
const file = (name) => manifest[name].file;
const gzipped = (name) => gzipSync(readFileSync(new URL(file(name), DIST))).length;
const total = (names) => names.reduce((sum, name) => sum + gzipped(name), 0);
const kB = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;

const talk = needed(ENTRY, TALK);
const signIn = needed(ENTRY, SIGN_IN);
for (const name of talk)
  process.stdout.write(`  ${kB(gzipped(name)).padStart(9)}  ${file(name)}\n`);
process.stdout.write(
  `Talk ${kB(total(talk))}, sign-in ${kB(total(signIn))} of JavaScript, gzipped\n`,
);

if (total(talk) > LIMIT_BYTES) throw new Error(`Talk needs more than ${kB(LIMIT_BYTES)}`);
if (signIn.some((name) => file(name).includes('livekit'))) {
  throw new Error('the sign-in page loads the voice library');
}
