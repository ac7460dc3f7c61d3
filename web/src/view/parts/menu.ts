import type { Component } from "svelte";

export interface MenuEntry {
  label: string;
  testid: string;
  act: () => void;
  icon?: Component<{ size?: number }>;
  danger?: boolean;
  disabled?: boolean;
  /** Makes it a switch. */
  checked?: boolean;
}
