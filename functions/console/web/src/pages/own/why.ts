/** How a customer is asked for the reason that the API wants. */
export const WHY = { label: 'A word on why', hint: 'We keep it with what was done.' }
