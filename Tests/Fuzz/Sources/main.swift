import CFuzz
import Glibc

// fuzz TARGET [libFuzzer's options and corpus directories]; `fuzz list` names the targets. scripts/fuzz.sh calls it.

let name = CommandLine.arguments.dropFirst().first ?? ""
guard let target = FuzzTarget(rawValue: name) else {
    print(FuzzTarget.allCases.map(\.rawValue).joined(separator: "\n"))
    exit(name == "list" ? 0 : 64)
}

// libFuzzer looks at the arguments behind the target's name.
var count = CommandLine.argc - 1
var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = unsafe CommandLine.unsafeArgv + 1
exit(
    unsafe LLVMFuzzerRunDriver(&count, &arguments) { data, size in
        let bytes = unsafe Array(UnsafeBufferPointer(start: data, count: size))
        FuzzRun.target.run(bytes)
        return 0
    })

/// Which target runs: a C callback captures nothing.
enum FuzzRun {
    static let target = FuzzTarget(rawValue: CommandLine.arguments[1]) ?? .accept
}
