// @vitest-environment jsdom
import { useQuery } from '@tanstack/react-query';
import { screen } from '@testing-library/react';
import { useState } from 'react';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { failure, renderScreen } from '../../test/screen';
import { api, ask } from '../client/api';
import { BarChart } from './BarChart';
import ConfirmDialog from './ConfirmDialog';
import { ErrorCard } from './ErrorCard';
import { ErrorSummary } from './ErrorSummary';
import { TextField } from './Field';
import { Menu } from './Menu';
import { SearchBox } from './Toolbar';

afterEach(() => vi.unstubAllGlobals());

function Health() {
  const health = useQuery({
    queryKey: ['health'],
    queryFn: ({ signal }) => ask(api.GET('/api/health', { signal })),
  });
  if (health.error) return <ErrorCard error={health.error} onRetry={() => health.refetch()} />;
  return <p>{health.data ? 'loaded' : 'waiting'}</p>;
}

describe('a failed request', () => {
  it('says what happened and what to do, and can be tried again', async () => {
    let answers = 0;
    const { user } = renderScreen(<Health />, {
      answers: {
        'GET /api/health': () => (answers++ === 0 ? failure(500, 'internal') : { status: 'ready' }),
      },
    });
    const alert = await screen.findByRole('alert');
    expect(alert).toHaveTextContent('The server met a fault of its own.');
    expect(alert).toHaveTextContent('Reference: req_test');
    expect(screen.getByRole('link', { name: 'See which service is down' })).toBeVisible();
    await user.click(screen.getByRole('button', { name: 'Try again' }));
    expect(await screen.findByText('loaded')).toBeVisible();
  });
});

describe('a field', () => {
  it('tells screen readers its hint and its error', () => {
    renderScreen(<TextField label="Name" hint="As you like" error="Enter a name" />);
    const box = screen.getByRole('textbox', { name: 'Name' });
    expect(box).toHaveAccessibleDescription('As you like Enter a name');
    expect(box).toBeInvalid();
  });

  it('shows a password only while asked to', async () => {
    const { user } = renderScreen(<TextField label="Password" type="password" />);
    const box = screen.getByLabelText('Password');
    expect(box).toHaveAttribute('type', 'password');
    await user.click(screen.getByRole('button', { name: 'Show password' }));
    expect(box).toHaveAttribute('type', 'text');
  });
});

it('a summary of errors takes the focus and leads to the field', async () => {
  const { user } = renderScreen(
    <>
      <ErrorSummary errors={[{ id: 'login', message: 'Enter a name' }]} />
      <TextField id="login" label="Name" />
    </>,
  );
  expect(screen.getByRole('alert')).toHaveFocus();
  await user.click(screen.getByRole('link', { name: 'Enter a name' }));
  expect(screen.getByRole('textbox', { name: 'Name' })).toHaveFocus();
});

it('what loses much is confirmed by typing a word', async () => {
  const confirm = vi.fn();
  const { user } = renderScreen(
    <ConfirmDialog
      open
      onClose={vi.fn()}
      onConfirm={confirm}
      title="Forget everything?"
      body="This cannot be undone."
      confirmLabel="Forget"
      typed="ada"
    />,
  );
  expect(screen.getByRole('alertdialog')).toHaveAccessibleDescription('This cannot be undone.');
  const forget = screen.getByRole('button', { name: 'Forget' });
  expect(forget).toBeDisabled();
  await user.type(screen.getByRole('textbox'), 'ada');
  await user.click(forget);
  expect(confirm).toHaveBeenCalledOnce();
});

it('a menu works by keyboard and gives the focus back', async () => {
  const chosen = vi.fn();
  const { user } = renderScreen(
    <Menu
      trigger={<button type="button">More</button>}
      items={[{ label: 'Copy', onSelect: chosen }]}
    />,
  );
  await user.tab();
  await user.keyboard('{Enter}');
  expect(await screen.findByRole('menuitem', { name: 'Copy' })).toHaveFocus();
  await user.keyboard('{Enter}');
  expect(chosen).toHaveBeenCalledOnce();
  expect(screen.getByRole('button', { name: 'More' })).toHaveFocus();
});

function Searched({ searched }: { searched: (words: string) => void }) {
  const [q, setQ] = useState('');
  return (
    <>
      <SearchBox
        label="Search"
        value={q}
        onSearch={(words) => {
          searched(words);
          setQ(words);
        }}
      />
      <button type="button" onClick={() => setQ('')}>
        Clear
      </button>
    </>
  );
}

it('a search starts once typing has paused, and follows the address', async () => {
  const searched = vi.fn();
  const { user } = renderScreen(<Searched searched={searched} />);
  await user.type(screen.getByRole('searchbox', { name: 'Search' }), 'tea');
  await vi.waitFor(() => expect(searched).toHaveBeenCalledWith('tea'));
  expect(searched).toHaveBeenCalledOnce();
  await user.click(screen.getByRole('button', { name: 'Clear' }));
  expect(screen.getByRole('searchbox')).toHaveValue('');
});

it('bars can be read as a table', () => {
  const bars = [{ label: 'Turn 1', value: 0.9 }];
  renderScreen(<BarChart label="Latency" bars={bars} format={(value) => `${value} s`} />);
  expect(screen.getByRole('table', { name: 'Latency' })).toHaveTextContent('Turn 10.9 s');
});
