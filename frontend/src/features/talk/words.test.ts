import { describe, expect, it } from 'vitest';
import { t } from '../../i18n';
import type { Problem } from '../../voice/problem';
import { browserFamily, problemWords, referenceOf, waitOf } from './problemWords';
import { durationWords, toolWords } from './words';

const PROBLEMS: Problem[] = [
  { kind: 'insecure_page' },
  { kind: 'browser_unsupported' },
  { kind: 'mic_denied', by: 'browser' },
  { kind: 'mic_denied', by: 'system' },
  { kind: 'mic_missing' },
  { kind: 'mic_busy' },
  { kind: 'mic_failed' },
  { kind: 'forbidden' },
  { kind: 'rate_limited', retryAfter_s: 7 },
  { kind: 'no_capacity', retryAfter_s: null },
  { kind: 'voice_server_down', retryAfter_s: null },
  { kind: 'voice_server_unreachable' },
  { kind: 'token_refused' },
  { kind: 'media_blocked' },
  { kind: 'backend_unreachable' },
  { kind: 'request_failed', status: 500, code: 'x', requestId: 'r' },
  { kind: 'agent_absent' },
  { kind: 'agent_left' },
];

describe('problems', () => {
  it.each(PROBLEMS)('$kind has a title, a cause and a next step', (problem) => {
    const words = problemWords(problem, 'chromium');
    expect(words.title).not.toBe('');
    expect(words.cause).not.toBe('');
    expect(words.steps.length).toBeGreaterThan(0);
  });

  it('explains a denied microphone for the browser at hand', () => {
    const denied: Problem = { kind: 'mic_denied', by: 'browser' };
    const steps = t('talk:problems.mic_denied.steps', { returnObjects: true });
    expect(problemWords(denied, 'firefox').steps).toEqual(steps.firefox);
    expect(problemWords({ ...denied, by: 'system' }, 'firefox').steps).toEqual(steps.system);
  });

  it('gives the waiting time and a reference only where there is one', () => {
    expect(waitOf({ kind: 'rate_limited', retryAfter_s: 7 })).toBe(7);
    expect(waitOf({ kind: 'forbidden' })).toBeNull();
    expect(
      referenceOf({ kind: 'request_failed', status: 400, code: null, requestId: 'req_1' }),
    ).toBe('400 · req_1');
    expect(referenceOf({ kind: 'forbidden' })).toBeNull();
  });
});

describe('small words', () => {
  it.each([
    ['Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/156.0 Safari/537.36', 'chromium'],
    ['Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', 'firefox'],
    ['Mozilla/5.0 (Macintosh) AppleWebKit/605 Version/18.0 Safari/605', 'safari'],
    ['Mozilla/5.0 (iPhone; CPU iPhone OS 18_0) AppleWebKit/605 CriOS/150 Safari/604', 'ios'],
    ['curl/8', 'other'],
  ])('%s is %s', (userAgent, family) => {
    expect(browserFamily(userAgent)).toBe(family);
  });

  it.each([
    ['set_timer', 'set timer'],
    ['setTimer', 'set timer'],
    ['memory.search-notes', 'memory search notes'],
  ])('the tool %s reads %s', (name, words) => {
    expect(toolWords(name)).toBe(words);
  });

  it('shows short times in ms and long ones in s', () => {
    expect(durationWords(84.4)).toBe('84 ms');
    expect(durationWords(1840)).toBe('1.8 s');
  });
});
