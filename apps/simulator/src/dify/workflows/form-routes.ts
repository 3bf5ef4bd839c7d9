import type { Route } from '../../server/dialect.ts';
import { difyError, invalidParam, notFound } from '../errors.ts';
import { namesUser } from '../read-run-request.ts';
import type { RunStore } from '../runs/run-store.ts';
import { serve } from '../../server/serve.ts';
import { describeForm } from './describe-form.ts';

/**
 * `GET` and `POST /form/human_input/:form_token`: the form of a paused run.
 * @see https://docs.dify.ai/api-reference/human-input/get-human-input-form
 */
export function createFormRoutes(runs: RunStore): Route[] {
  const path = '/form/human_input/:formToken';
  const find = (token: string, key: string): ReturnType<RunStore['find']> => {
    const run = runs.find(token.replace(/^form-/u, ''), key);
    return run?.form?.formToken === token ? run : undefined;
  };
  return [
    {
      method: 'GET',
      path,
      kind: 'form',
      paid: false,
      prepare: ({ params: { formToken = '' }, key }) => {
        const run = find(formToken, key);
        if (run === undefined) return { refusal: notFound('Form not found') };
        return serve(200, describeForm(run));
      },
    },
    {
      method: 'POST',
      path,
      kind: 'form',
      paid: false,
      prepare: ({ params: { formToken = '' }, key, json }) => {
        const run = find(formToken, key);
        if (run === undefined) return { refusal: notFound('Form not found') };
        if (!namesUser(json)) return { refusal: invalidParam('Arg user must be provided.') };
        if (run.status !== 'paused') return { refusal: SUBMITTED };
        if (!('action' in json) || json.action !== 'approve')
          return { refusal: invalidParam('Invalid action.') };
        run.resume();
        return serve(200, {});
      },
    },
  ];
}

const SUBMITTED = difyError(
  412,
  'human_input_form_submitted',
  'The form has already been submitted.',
);
