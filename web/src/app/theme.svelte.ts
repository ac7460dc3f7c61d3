export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

const STORED = "palabre.theme";

/** Light or dark: the system's choice unless this browser's user made another. */
class Colours {
  theme: Theme = $state(THEMES.find((theme) => theme === localStorage.getItem(STORED)) ?? "system");

  choose(theme: Theme): void {
    this.theme = theme;
    localStorage.setItem(STORED, theme);
    this.apply();
  }

  apply(): void {
    document.documentElement.dataset["theme"] = this.theme;
  }
}

export const colours = new Colours();
