/** The language of the page: a typed catalogue a language, chosen once and remembered. */
import type { Problem } from "../api/problem";
import { en, type Catalogue } from "./en";
import { fr } from "./fr";

export const LOCALES = ["en", "fr"] as const;
export type Locale = (typeof LOCALES)[number];

const CATALOGUES: Record<Locale, Catalogue> = { en, fr };
const STORED = "palabre.locale";

class Language {
  locale: Locale = $state(firstLocale());
  readonly words: Catalogue = $derived(CATALOGUES[this.locale]);

  choose(locale: Locale): void {
    this.locale = locale;
    localStorage.setItem(STORED, locale);
  }
}

export const language = new Language();

/** The words of the chosen language: `t().room.leave`. */
export function t(): Catalogue {
  return language.words;
}

/** A refusal in the reader's language, or the server's own sentence for a code this client does not know. */
export function problemText(problem: Problem): string {
  const words = new Map<string, string>(Object.entries(t().problem));
  return words.get(problem.code) ?? (problem.detail || t().problem.UNEXPECTED);
}

/** Why a stay in a room is over. */
export function overText(code: string): string {
  const words = new Map<string, string>([...Object.entries(t().problem), ...Object.entries(t().over)]);
  return words.get(code) ?? t().over.ROOM_ENDED;
}

export function isLocale(value: string | null | undefined): value is Locale {
  return LOCALES.some((locale) => locale === value);
}

function firstLocale(): Locale {
  const wishes = [localStorage.getItem(STORED), ...navigator.languages.map((tag) => tag.slice(0, 2))];
  return wishes.find(isLocale) ?? "en";
}
