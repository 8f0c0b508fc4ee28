import { describe, expect, it } from 'vitest';
import { stateWords } from '../features/talk/words';
import { type AgentFacts, agentState } from './agentState';

const LISTENING: AgentFacts = {
  connected: true,
  reconnecting: false,
  reported: 'listening',
  tool: null,
  muted: false,
  mode: 'voice',
  talkKey: null,
};

describe('the state of the agent in words', () => {
  it.each<[string, Partial<AgentFacts>]>([
    ['Connecting', { connected: false }],
    ['Getting ready', { reported: null }],
    ['Getting ready', { reported: 'initializing' }],
    ['Listening', {}],
    ['Listening', { reported: 'a state of a later version' }],
    ['Ready for your message', { mode: 'text' }],
    ['Thinking', { reported: 'thinking' }],
    ['Using set timer', { reported: 'thinking', tool: 'set_timer' }],
    ['Speaking', { reported: 'speaking' }],
    ['Speaking', { reported: 'speaking', muted: true }],
    ['Speaking', { reported: 'speaking', tool: 'set_timer' }],
    ['Muted', { muted: true }],
    ['Thinking', { reported: 'thinking', muted: true }],
    ['Hold to talk', { talkKey: 'up', muted: true }],
    ['Listening', { talkKey: 'down' }],
    ['Thinking', { talkKey: 'up', muted: true, reported: 'thinking' }],
    ['Reconnecting', { reconnecting: true, reported: 'speaking' }],
  ])('%s when %o', (words, facts) => {
    expect(stateWords(agentState({ ...LISTENING, ...facts }))).toBe(words);
  });
});
