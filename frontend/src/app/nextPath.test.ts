import { expect, it } from 'vitest';
import { nextPath } from './nextPath';

const next = (path: string) => nextPath(`?next=${encodeURIComponent(path)}`);

it('leads back to a screen with all that its address says', () => {
  expect(next('/conversations/c1?q=x#turn-t1')).toBe('/conversations/c1?q=x#turn-t1');
});

it.each([
  'https://evil.example',
  '//evil.example',
  '/\\evil.example',
  '/.//evil.example',
  '/a/..//evil.example',
])('never leads elsewhere: %s', (path) => expect(next(path)).toBe('/'));
