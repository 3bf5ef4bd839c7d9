const negated: [string, string][] = [
  ['Is it safe to drink tap water here?', 'Is it not safe to drink tap water here?'],
  ['Can I return shoes after wearing them?', "Can't I return shoes after wearing them?"],
  ['Does the warranty cover water damage?', "Doesn't the warranty cover water damage?"],
  ['Which foods contain gluten?', 'Which foods contain no gluten?'],
  [
    'How do I log in with two factor authentication?',
    'How do I log in without two factor authentication?',
  ],
  ['Should children take this medicine?', 'Should children never take this medicine?'],
  ['Is the meeting room available?', 'Is the meeting room unavailable?'],
  ['Is this contract valid?', 'Is this contract invalid?'],
  ['Tell me which plans include support', 'Tell me which plans exclude support'],
  ['Explain why the sky is blue', 'Explain why the sky is not blue'],
  ['Who is allowed to vote?', 'Who is not allowed to vote?'],
  ['How do I enable notifications?', 'How do I disable notifications?'],
  ['What happens before the payment?', 'What happens after the payment?'],
  ['Which city has the most rain?', 'Which city has the least rain?'],
  ['How do I increase the limit?', 'How do I decrease the limit?'],
  ['Do all employees get a bonus?', 'Do only employees get a bonus?'],
  ['How do I convert usd to eur?', 'How do I convert eur to usd?'],
  ['Did Anna pay Bert?', 'Did Bert pay Anna?'],
  ['What is the capital of france?', 'What is the capital of spain?'],
  ['Summarize the report of Anna', 'Summarize the report of Bert'],
];

const subjects = [
  'a refund',
  'the invoice',
  'a visa',
  'the password',
  'an account',
  'the server',
  'a parcel',
  'the subscription',
  'a backup',
  'the update',
  'a ticket',
  'the licence',
  'a discount',
  'the report',
  'a table',
  'the database',
  'a flight',
  'the contract',
];

/**
 * 200 pairs of questions that a reader tells apart and a vector hardly does: one is the other negated, with another number, day
 * or name, or turned round.
 */
export function turnedPairs(): [string, string][] {
  const made = subjects.flatMap((subject, i): [string, string][] => {
    const n = i + 2;
    return [
      [`Can I change ${subject} on my own?`, `Can I not change ${subject} on my own?`],
      [
        `What does ${subject} cost for ${n} people?`,
        `What does ${subject} cost for ${n + 1} people?`,
      ],
      [
        `How long does ${subject} take in version ${n}.1?`,
        `How long does ${subject} take in version ${n}.2?`,
      ],
      [`Tell me how to get ${subject} in three days`, `Tell me how to get ${subject} in four days`],
      [`Is ${subject} needed on monday?`, `Is ${subject} needed on friday?`],
      [`Who pays for ${subject} in Berlin?`, `Who pays for ${subject} in Paris?`],
      [`Do I need ${subject} with insurance?`, `Do I need ${subject} without insurance?`],
      [`Why is ${subject} allowed?`, `Why is ${subject} never allowed?`],
      [
        `What is the price of ${subject} above €${n}0?`,
        `What is the price of ${subject} below €${n}0?`,
      ],
      [`Write to Anna about ${subject} for Bert`, `Write to Bert about ${subject} for Anna`],
    ];
  });
  return [...negated, ...made];
}
