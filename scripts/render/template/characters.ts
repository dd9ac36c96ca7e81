/** A text's characters as Go counts them: code points, neither UTF-16 units nor what a person sees as one. */
export const characters = (text: string): string[] => Array.from(text);
