import { describe, expect, it } from 'vitest';
import { bodyOf, draftOf, problemsOf, withTool } from './draft';

const NAMED = { ...draftOf(null), name: ' Ada ', prompt: 'You count.' };

describe('a persona being edited', () => {
  it('needs a name and a prompt, and says so by field', () => {
    expect(problemsOf(draftOf(null))).toEqual({ name: 'nameMissing', prompt: 'promptMissing' });
    expect(problemsOf(NAMED)).toEqual({});
  });

  it('sends what was left empty as the agent’s own choice', () => {
    const body = bodyOf(NAMED);
    expect(body).toMatchObject({ name: 'Ada', voice: null, greeting: null, temperature: null });
    expect(body.tools).toBeNull();
  });

  it('takes a decimal comma, and refuses what is out of range', () => {
    expect(bodyOf({ ...NAMED, temperature: '0,7' }).temperature).toBe(0.7);
    expect(problemsOf({ ...NAMED, temperature: '2.1' })).toEqual({
      temperature: 'temperatureRange',
    });
    expect(problemsOf({ ...NAMED, temperature: 'warm' })).toHaveProperty('temperature');
    expect(problemsOf({ ...NAMED, interruption_words: '1.5' })).toHaveProperty(
      'interruption_words',
    );
    expect(problemsOf({ ...NAMED, interruption_words: '' })).toHaveProperty('interruption_words');
  });

  it('adds a tool once and takes it away', () => {
    expect(withTool(['time'], 'time', true)).toEqual(['time']);
    expect(withTool(['time', 'notes'], 'time', false)).toEqual(['notes']);
  });
});
