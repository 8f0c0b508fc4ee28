// @vitest-environment jsdom
import { act, screen } from '@testing-library/react';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Answers, failure, NO_ACCOUNTS, renderScreen } from '../../../test/screen';
import type { Session } from '../../client/session';
import SetupPage from './SetupPage';
import SignInPage from './SignInPage';
import SignUpPage from './SignUpPage';

const guests = (more: Partial<Session> = {}): Answers => ({
  'GET /api/auth': { ...NO_ACCOUNTS, auth: 'on', signup: 'open', ...more },
});
const fill = async (user: ReturnType<typeof renderScreen>['user']) => {
  await user.type(await screen.findByLabelText('Login'), 'ada');
  await user.type(screen.getByLabelText('Password'), 'correct horse battery');
};

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('signing in', () => {
  const press = () => screen.getByRole('button', { name: 'Sign in' });

  it('sends login and password, and asks again who is here', async () => {
    const { calls, user } = renderScreen(<SignInPage />, {
      answers: { ...guests(), 'POST /api/auth/login': { login: 'ada' } },
    });
    await fill(user);
    await user.click(press());
    await vi.waitFor(() => expect(calls.at(-1)?.path).toBe('/api/auth'));
    expect(calls.find((call) => call.method === 'POST')?.body).toEqual({
      login: 'ada',
      password: 'correct horse battery',
    });
  });

  it('says what is missing without asking the server', async () => {
    const { calls, user } = renderScreen(<SignInPage />, { answers: guests() });
    await user.click(press());
    expect(screen.getByRole('alert')).toHaveFocus();
    expect(screen.getByLabelText('Login')).toBeInvalid();
    await user.click(screen.getByRole('link', { name: 'Enter a password.' }));
    expect(screen.getByLabelText('Password')).toHaveFocus();
    expect(calls.every((call) => call.method === 'GET')).toBe(true);
  });

  it('says in words that the password is wrong', async () => {
    const { user } = renderScreen(<SignInPage />, {
      answers: {
        ...guests(),
        'POST /api/auth/login': failure(401, 'wrong_credentials', { param: 'password' }),
      },
    });
    await fill(user);
    await user.click(press());
    expect(await screen.findByRole('alert')).toHaveTextContent('Login or password is wrong.');
    expect(screen.getByLabelText('Password')).toBeInvalid();
  });

  it('counts the wait down and then lets the person try again, each time', async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true });
    const refused = failure(429, 'too_many_attempts');
    refused.headers.set('Retry-After', '3');
    const { calls, user } = renderScreen(<SignInPage />, {
      answers: { ...guests(), 'POST /api/auth/login': refused },
    });
    await fill(user);
    for (const tries of [1, 2]) {
      await user.click(press());
      expect(await screen.findByText('You can try again in 3 seconds.')).toBeInTheDocument();
      expect(press()).toBeDisabled();
      await act(() => vi.advanceTimersByTimeAsync(2_000));
      expect(screen.getByText('You can try again in 1 second.')).toBeInTheDocument();
      await act(() => vi.advanceTimersByTimeAsync(1_500));
      expect(press()).toBeEnabled();
      expect(calls.filter((call) => call.method === 'POST')).toHaveLength(tries);
    }
  });

  it('keeps the way back when it leads to signing up, and hides that where it is closed', async () => {
    const { unmount } = renderScreen(<SignInPage />, {
      path: '/sign-in?next=%2Fmemory',
      answers: guests(),
    });
    const link = await screen.findByRole('link', { name: 'Create an account' });
    expect(link).toHaveAttribute('href', '/sign-up?next=%2Fmemory');
    unmount();
    renderScreen(<SignInPage />, { answers: guests({ signup: 'closed' }) });
    await screen.findByRole('heading', { name: 'Sign in' });
    expect(screen.queryByRole('link', { name: 'Create an account' })).toBeNull();
  });
});

describe('signing up', () => {
  const press = () => screen.getByRole('button', { name: 'Create the account' });

  it('takes the invitation out of the address', async () => {
    const { calls, user } = renderScreen(<SignUpPage />, {
      path: '/sign-up?invite=tok_1',
      answers: { ...guests({ signup: 'invite' }), 'POST /api/auth/sign-up': { login: 'ada' } },
    });
    await fill(user);
    expect(screen.getByLabelText('Invitation')).toHaveValue('tok_1');
    await user.click(press());
    await vi.waitFor(() =>
      expect(calls.find((call) => call.method === 'POST')?.body).toEqual({
        login: 'ada',
        password: 'correct horse battery',
        preferred_name: null,
        language: 'en',
        invite: 'tok_1',
      }),
    );
  });

  it.each([
    ['login_taken', 409, 'Login', /has that login already/],
    ['invite_invalid', 403, 'Invitation', /unknown, used or over/],
    ['password_common', 400, 'Password', /first that are guessed/],
  ])('shows %s at its field', async (code, status, label, words) => {
    const { user } = renderScreen(<SignUpPage />, {
      path: '/sign-up?invite=tok_1',
      answers: { ...guests(), 'POST /api/auth/sign-up': failure(status, code) },
    });
    await fill(user);
    await user.click(press());
    expect(await screen.findByRole('alert')).toHaveTextContent(words);
    expect(screen.getByLabelText(label)).toHaveAccessibleDescription(words);
  });

  it('offers no form where nobody is let in', async () => {
    renderScreen(<SignUpPage />, { answers: guests({ signup: 'closed' }) });
    expect(await screen.findByText(/takes no new accounts/)).toBeInTheDocument();
    expect(screen.queryByLabelText('Login')).toBeNull();
  });
});

describe('setting up', () => {
  it('asks for the setup code once the server wants it', async () => {
    const { calls, user } = renderScreen(<SetupPage />, {
      answers: {
        ...guests({ setup_needed: true }),
        'POST /api/auth/setup': ({ body }) =>
          (body as { setup_code: string | null }).setup_code === 'c0de'
            ? { login: 'ada' }
            : failure(403, 'setup_code_wrong', { param: 'setup_code' }),
      },
    });
    await fill(user);
    expect(screen.queryByLabelText('Setup code')).toBeNull();
    const press = screen.getByRole('button', { name: 'Create the first account' });
    await user.click(press);
    const code = await screen.findByLabelText('Setup code');
    await user.type(code, 'c0de');
    expect(screen.getByLabelText('Login')).toHaveValue('ada');
    await user.click(press);
    await vi.waitFor(() => expect(calls.at(-1)?.path).toBe('/api/auth'));
    expect(calls.at(-2)?.body).toMatchObject({ setup_code: 'c0de' });
  });
});
