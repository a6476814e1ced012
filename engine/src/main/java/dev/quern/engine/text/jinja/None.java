package dev.quern.engine.text.jinja;

/** Python's None; Java's null never is a template's value. */
enum None {
  NONE
}
