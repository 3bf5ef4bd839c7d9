import type { Route } from '../../server/dialect.ts';
import { serve } from '../../server/serve.ts';
import { findApp } from './app.ts';
import type { App } from './app.ts';

const FILE_UPLOAD = {
  image: { enabled: false, number_limits: 3, transfer_methods: ['remote_url', 'local_file'] },
};

const SITE = {
  title: 'sim-workflow',
  chat_color_theme: null,
  chat_color_theme_inverted: false,
  icon_type: 'emoji',
  icon: '🤖',
  icon_background: '#FFFFFF',
  icon_url: null,
  description: 'An app of the Sluice simulator',
  copyright: null,
  privacy_policy: null,
  input_placeholder: null,
  custom_disclaimer: '',
  default_language: 'en-US',
  show_workflow_steps: true,
  use_icon_as_answer_icon: false,
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

const VERSION = { welcome: 'Dify OpenAPI', api_version: 'v1', server_version: DIFY_VERSION };

/**
 * `GET /` (the version, without a key), `GET /parameters`, `GET /info`, `GET /meta` and `GET /site`.
 * @see https://docs.dify.ai/api-reference/applications/get-app-parameters
 */
export function createAppRoutes(): Route[] {
  const route = (path: string, describe: (app: App) => object): Route => ({
    method: 'GET',
    path,
    kind: path === '/' ? 'version' : path.slice(1),
    paid: false,
    prepare: ({ key }) => serve(200, describe(findApp(key))),
  });
  return [
    { ...route('/', () => VERSION), public: true },
    route('/parameters', describeParameters),
    route('/info', describeInfo),
    route('/meta', () => ({ tool_icons: {} })),
    route('/site', () => SITE),
  ];
}

function describeInfo({ mode }: App): object {
  return {
    name: 'sim-workflow',
    description: 'An app of the Sluice simulator',
    tags: [],
    mode,
    author_name: 'Sluice',
  };
}

function describeParameters({ mode }: App): object {
  const suggests = mode === 'chat' || mode === 'advanced-chat';
  const query = { label: 'Query', variable: 'query', required: false, default: '' };
  return {
    opening_statement: '',
    suggested_questions: [],
    suggested_questions_after_answer: { enabled: suggests },
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
