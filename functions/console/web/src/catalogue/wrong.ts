/** What is wrong with an id that is to be one, as the API has it: it stands in paths. */
export function wrongId(id: string): string | undefined {
  return /^[a-z0-9-]{1,64}$/.test(id) ? undefined : 'An id is 1 to 64 of a-z, 0-9 and hyphens.'
}

/** Goes to the first field that is wrong, once the page says which they are. */
export function focusWrong(form: HTMLElement | null) {
  requestAnimationFrame(() => form?.querySelector<HTMLElement>('[aria-invalid=true]')?.focus())
}
