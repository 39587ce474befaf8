// swift-tools-version: 6.2
import PackageDescription

/// As the server's own targets are built, and testable: a few things that are measured are internal to their module.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6), .strictMemorySafety(), .enableUpcomingFeature("ExistentialAny"), .unsafeFlags(["-enable-testing"]),
]

/// The server's modules are compiled here from the same files, through the links in Sources: their declarations are `package`, which another
/// package does not see, and the server's own manifest is to know nothing of benchmarks.
let package = Package(
    name: "runstream-micro",
    platforms: [.macOS(.v13)],
    dependencies: [
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/ordo-one/benchmark", exact: "1.38.1", traits: []),
    ],
    targets: [
        .target(name: "CLibevent", linkerSettings: [.linkedLibrary("event_core"), .linkedLibrary("event_extra")]),
        .target(name: "CProcess"),
        .target(name: "Locking", swiftSettings: strict),
        .target(name: "Support", swiftSettings: strict),
        .target(name: "EventLoop", dependencies: ["CLibevent", "Locking"], swiftSettings: strict),
        .target(name: "HTTP", dependencies: ["CLibevent", "EventLoop", "Locking"], swiftSettings: strict),
        .target(name: "Jobs", dependencies: ["Locking", "Support"], swiftSettings: strict),
        .target(
            name: "Runners",
            dependencies: ["CProcess", "EventLoop", "Jobs", "Locking", "Support", .product(name: "Logging", package: "swift-log")],
            swiftSettings: strict),
        // Counts what is allocated: the benchmark package's own counter is a trait that is off.
        .target(name: "CAllocations", path: "CAllocations"),
        .executableTarget(
            name: "Micro",
            dependencies: ["CAllocations", "CLibevent", "HTTP", "Jobs", "Runners", .product(name: "Benchmark", package: "benchmark")],
            path: "Benchmarks/Micro",
            swiftSettings: [.swiftLanguageMode(.v6)],
            plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")]),
    ],
    cLanguageStandard: .gnu11
)
