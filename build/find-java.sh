# To be sourced: find_java RELEASE prints the first java of that release or later.

# The feature release of a Java installation, from its own file: no JVM has to start for it.
release() {
  sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$1/release" 2>/dev/null || true
}

find_java() {
  local needed=$1 on_path installation found
  on_path=$(readlink -f "$(command -v java || true)" || true)
  for installation in "${JAVA_HOME:-}" "${on_path%/bin/java}" /usr/lib/jvm/* \
    "${HOME:-}"/.sdkman/candidates/java/* /opt/java/* /opt/jdk*; do
    if [ -n "$installation" ] && [ -x "$installation/bin/java" ]; then
      found=$(release "$installation")
      if [ -n "$found" ] && [ "$found" -ge "$needed" ]; then
        printf '%s\n' "$installation/bin/java"
        return
      fi
    fi
  done
  return 1
}
