# To be sourced by the scripts of this folder: a Java, and the class path of this module.

root=$(cd -P "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$root/build/find-java.sh"

fail() {
  printf '%s: %s\n' "$(basename "$0")" "$1" >&2
  exit 1
}

# Whether anything that goes into the classes is newer than they are.
outdated() {
  local made=$root/benchmarks/target/classpath.txt
  [ ! -f "$made" ] && return 0
  [ -n "$(find "$root"/pom.xml "$root"/*/pom.xml "$root"/*/src/main -newer "$made" -print -quit)" ]
}

# Sets java and class_path; compiles first where that is due.
prepare() {
  java=$(find_java 25) ||
    fail "no Java 25 or later found in JAVA_HOME, the PATH or /usr/lib/jvm; install a JDK 25"
  if outdated; then
    command -v mvn >/dev/null || fail "Maven (mvn) is not on the PATH; install Maven 3.8 or later"
    printf 'Compiling the benchmarks\n' >&2
    (cd "$root" && mvn -q -B -ntp -pl benchmarks -am -Dmaven.test.skip=true process-classes) \
      </dev/null >&2 || fail "the build failed"
  fi
  class_path=$root/benchmarks/target/classes:$(cat "$root/benchmarks/target/classpath.txt")
  # DJL counts its users over the network unless told not to.
  export OPT_OUT_TRACKING=true
}
