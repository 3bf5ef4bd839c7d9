import type { Route } from '../../server/dialect.ts';
import { serve } from '../../server/serve.ts';
import { findApp } from './app.ts';

const FILE_UPLOAD = {
  image: { enabled: false, number_limits: 3, transfer_methods: ['remote_url', 'local_file'] },
};

const SYSTEM_PARAMETERS = {
  file_size_limit: 15,
  image_file_size_limit: 10,
  audio_file_size_limit: 50,
  video_file_size_limit: 100,
  workflow_file_upload_limit: 10,
};

/** The version of Dify that is simulated. */
export const DIFY_VERSION = '1.17.1';

/**
 * `GET /` (the version, without a key), `GET /parameters` and `GET /info`.
 * @see https://docs.dify.ai/api-reference/applications/get-app-parameters
 */
export function createAppRoutes(): Route[] {
  return [
    {
      method: 'GET',
      path: '/',
      kind: 'version',
      paid: false,
      public: true,
      prepare: () =>
        serve(200, {
          welcome: 'Dify OpenAPI',
          api_version: 'v1',
          server_version: DIFY_VERSION,
        }),
    },
    {
      method: 'GET',
      path: '/parameters',
      kind: 'parameters',
      paid: false,
      prepare: () => serve(200, describeParameters()),
    },
    {
      method: 'GET',
      path: '/info',
      kind: 'info',
      paid: false,
      prepare: ({ key }) =>
        serve(200, {
          name: 'sim-workflow',
          description: 'An app of the Sluice simulator',
          tags: [],
          mode: findApp(key).mode,
          author_name: 'Sluice',
        }),
    },
  ];
}

function describeParameters(): object {
  const query = { label: 'Query', variable: 'query', required: false, default: '' };
  return {
    opening_statement: '',
    suggested_questions: [],
    suggested_questions_after_answer: { enabled: false },
    speech_to_text: { enabled: false },
    text_to_speech: { enabled: false },
    retriever_resource: { enabled: false },
    annotation_reply: { enabled: false },
    more_like_this: { enabled: false },
    sensitive_word_avoidance: { enabled: false },
    user_input_form: [{ paragraph: query }],
    file_upload: FILE_UPLOAD,
    system_parameters: SYSTEM_PARAMETERS,
  };
}
