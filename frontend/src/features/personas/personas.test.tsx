// @vitest-environment jsdom
import { screen, waitFor, within } from '@testing-library/react';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { failure, renderScreen } from '../../../test/screen';
import type { Persona } from './data';
import PersonaPage from './PersonaPage';
import PersonasPage from './PersonasPage';

const LUMINA: Persona = {
  id: 'lumina',
  name: 'Lumina',
  prompt: 'You are Lumina.',
  style: 'Friendly.',
  voice: null,
  language: null,
  model: null,
  greeting: null,
  temperature: 0.7,
  tools: null,
  interruption_mode: 'normal',
  interruption_words: 2,
  is_default: true,
  shared: true,
  editable: false,
  image_url: null,
  updated_at: null,
};
const MINE: Persona = {
  ...LUMINA,
  id: 'p1',
  name: 'Mine',
  is_default: false,
  editable: true,
  shared: false,
};
const OPTIONS = {
  voices: [{ id: 'bella', name: 'Bella', language: 'en' }],
  languages: ['en', 'fr'],
  models: ['assist'],
  tools: [{ name: 'calculate', description: 'Exact arithmetic.' }],
  image_generation: false,
  missing: [],
};

afterEach(() => vi.unstubAllGlobals());

describe('the list of personas', () => {
  it('says who answers, and deletes only after a question', async () => {
    let personas = [LUMINA, MINE];
    const { user, calls } = renderScreen(<PersonasPage />, {
      path: '/personas',
      answers: {
        'GET /api/personas': () => ({ personas }),
        'DELETE /api/personas/p1': () => {
          personas = [LUMINA];
          return null;
        },
      },
    });
    expect(await screen.findByText('Answers your calls')).toBeInTheDocument();
    await user.click(screen.getByRole('button', { name: 'Actions for Lumina' }));
    expect(screen.queryByRole('menuitem', { name: 'Delete' })).toBeNull();
    await user.keyboard('{Escape}');
    await user.click(screen.getByRole('button', { name: 'Actions for Mine' }));
    await user.click(await screen.findByRole('menuitem', { name: 'Delete' }));
    const asked = await screen.findByRole('alertdialog');
    expect(calls.some((call) => call.method === 'DELETE')).toBe(false);
    await user.click(within(asked).getByRole('button', { name: 'Delete' }));
    await waitFor(() => expect(screen.getByText('Mine was deleted.')).toHaveFocus());
    expect(calls.some((call) => call.method === 'DELETE')).toBe(true);
    expect(screen.queryByRole('heading', { name: 'Mine' })).toBeNull();
  });

  it('offers to try again when it cannot be had', async () => {
    renderScreen(<PersonasPage />, {
      path: '/personas',
      answers: { 'GET /api/personas': failure(503, 'database_unavailable') },
    });
    expect(await screen.findByRole('button', { name: 'Try again' })).toBeInTheDocument();
  });
});

describe('one persona', () => {
  const at = { route: '/personas/:id' };

  it('is made from a name and a prompt; what is empty is left to the agent', async () => {
    const { user, calls } = renderScreen(<PersonaPage />, {
      ...at,
      path: '/personas/new',
      answers: {
        'GET /api/personas/options': OPTIONS,
        'POST /api/personas': { ...MINE, id: 'p2' },
        'GET /api/personas/p2': { ...MINE, id: 'p2' },
      },
    });
    await user.click(screen.getByRole('button', { name: 'Make persona' }));
    expect(calls.some((call) => call.method === 'POST')).toBe(false);
    await user.type(screen.getByRole('textbox', { name: 'Name' }), 'Ada');
    await user.type(screen.getByRole('textbox', { name: 'Instructions' }), 'You count.');
    await user.selectOptions(await screen.findByRole('combobox', { name: 'Voice' }), 'bella');
    await user.click(screen.getByRole('button', { name: 'Make persona' }));
    await waitFor(() => expect(calls.some((call) => call.method === 'POST')).toBe(true));
    const sent = calls.find((call) => call.method === 'POST')?.body;
    expect(sent).toMatchObject({ name: 'Ada', voice: 'bella', temperature: null, tools: null });
  });

  it('says beside the field what the server refused', async () => {
    const { user } = renderScreen(<PersonaPage />, {
      ...at,
      path: '/personas/p1',
      answers: {
        'GET /api/personas/p1': MINE,
        'GET /api/personas/options': OPTIONS,
        'PATCH /api/personas/p1': failure(409, 'name_taken', {
          param: 'name',
          message: 'name taken',
        }),
      },
    });
    await user.click(await screen.findByRole('button', { name: 'Save' }));
    await waitFor(() =>
      expect(screen.getByRole('textbox', { name: 'Name' })).toHaveAccessibleDescription(
        'name taken',
      ),
    );
  });

  it('that is everyone’s can be read and copied, not changed', async () => {
    renderScreen(<PersonaPage />, {
      ...at,
      path: '/personas/lumina',
      answers: { 'GET /api/personas/lumina': LUMINA, 'GET /api/personas/options': OPTIONS },
    });
    expect(await screen.findByRole('button', { name: 'Duplicate' })).toBeInTheDocument();
    expect(screen.getByRole('textbox', { name: 'Name' })).toBeDisabled();
    expect(screen.queryByRole('button', { name: 'Save' })).toBeNull();
  });
});
