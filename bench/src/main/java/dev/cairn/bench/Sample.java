package dev.cairn.bench;

/**
 * What one run of one work has shown. {@link Double#NaN} is what this work does not tell.
 *
 * @param perSecond answers in a second, with as many clients as the work has
 * @param closedP50Millis median of what these clients waited
 * @param closedP99Millis its 99th percentile
 * @param cpuSeconds CPU time of the server for 100,000 operations
 * @param bytesWritten what the server has written to disk for one operation
 * @param openP50Millis median at the steady rate, from the moment at which a request was due
 * @param openP99Millis its 99th percentile
 * @param openP999Millis its 99.9th percentile
 * @param startMillis from the start of the process until it serves, with an empty directory
 * @param residentMebibytes memory of the server at the end
 */
record Sample(
        double perSecond,
        double closedP50Millis,
        double closedP99Millis,
        double cpuSeconds,
        double bytesWritten,
        double openP50Millis,
        double openP99Millis,
        double openP999Millis,
        double startMillis,
        double residentMebibytes) {}
