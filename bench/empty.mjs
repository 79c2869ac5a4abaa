// The least that a program of ES modules can do.
export {};
