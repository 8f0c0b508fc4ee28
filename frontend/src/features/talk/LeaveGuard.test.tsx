// @vitest-environment jsdom
import { screen } from '@testing-library/react';
import { Link } from 'react-router';
import { expect, it } from 'vitest';
import { renderScreen } from '../../../test/screen';
import { LeaveGuard } from './LeaveGuard';

const page = (live: boolean) =>
  renderScreen(
    <>
      <LeaveGuard live={live} />
      <Link to="/memory">Memory</Link>
    </>,
  );

it('a live call is only left when that is really meant', async () => {
  const { user } = page(true);
  await user.click(screen.getByRole('link', { name: 'Memory' }));
  await user.click(await screen.findByRole('button', { name: 'Stay in the call' }));
  expect(screen.getByRole('link', { name: 'Memory' })).toBeVisible();
  await user.click(screen.getByRole('link', { name: 'Memory' }));
  await user.click(await screen.findByRole('button', { name: 'End the call and leave' }));
  expect(await screen.findByText('elsewhere')).toBeVisible();
});

it('without a call nothing is asked', async () => {
  const { user } = page(false);
  await user.click(screen.getByRole('link', { name: 'Memory' }));
  expect(await screen.findByText('elsewhere')).toBeVisible();
});
