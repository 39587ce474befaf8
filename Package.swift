// swift-tools-version: 6.2
import PackageDescription

/// The fuzzer is a target only if it is asked for (scripts/fuzz.sh): all code is then built to tell libFuzzer which way it took.
let isFuzzing = Context.environment["RUNSTREAM_FUZZ"] != nil

/// Every Swift target is built alike: Swift 6 language mode, strict memory safety, warnings are errors.
let strict: [SwiftSetting] =
    [
        .swiftLanguageMode(.v6),
        .strictMemorySafety(),
        .treatAllWarnings(as: .error),
        .enableUpcomingFeature("ExistentialAny"),
    ] + (isFuzzing ? [.unsafeFlags(["-sanitize=fuzzer"])] : [])

let package = Package(
    name: "runstream",
    products: [
        .executable(name: "runstream", targets: ["runstream"])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
    ],
    targets: [
        .target(
            name: "CLibevent",
            linkerSettings: [.linkedLibrary("event_core"), .linkedLibrary("event_extra")]),
        .target(name: "CCurl", linkerSettings: [.linkedLibrary("curl")]),
        .target(name: "CCrypto", linkerSettings: [.linkedLibrary("crypto")]),
        .target(name: "CProcess"),
        .target(name: "CSQLite", linkerSettings: [.linkedLibrary("sqlite3")]),
        .target(name: "Locking", swiftSettings: strict),
        .target(name: "Support", swiftSettings: strict),
        .target(name: "EventLoop", dependencies: ["CLibevent", "Locking"], swiftSettings: strict),
        .target(name: "HTTP", dependencies: ["CLibevent", "EventLoop", "Locking"], swiftSettings: strict),
        .target(name: "HTTPClient", dependencies: ["CCurl", "Support"], swiftSettings: strict),
        .target(name: "Jobs", dependencies: ["Locking", "Support"], swiftSettings: strict),
        .target(
            name: "Storage",
            dependencies: [
                "CSQLite", "Jobs", "Locking", "Support",
                .product(name: "GRDB", package: "GRDB.swift"), .product(name: "GRDBSQLite", package: "GRDB.swift"),
                .product(name: "Logging", package: "swift-log"),
            ], swiftSettings: strict),
        .target(
            name: "Runners",
            dependencies: ["CProcess", "EventLoop", "Jobs", "Locking", "Support", .product(name: "Logging", package: "swift-log")],
            swiftSettings: strict),
        .target(
            name: "API",
            dependencies: [
                "CCrypto", "EventLoop", "HTTP", "Jobs", "Locking", "Runners", "Storage", "Support",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "runstream",
            dependencies: [
                "API", "EventLoop", "HTTP", "HTTPClient", "Jobs", "Locking", "Runners", "Storage", "Support",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ], swiftSettings: strict,
            // malloc for the whole program (docs/decisions/0005-mimalloc.md). Not in debug builds, where sanitizers bring their own.
            linkerSettings: [.linkedLibrary("mimalloc", .when(configuration: .release))]),
        .testTarget(name: "SupportTests", dependencies: ["Support"], swiftSettings: strict),
        .testTarget(name: "EventLoopTests", dependencies: ["EventLoop"], swiftSettings: strict),
        .testTarget(name: "HTTPTests", dependencies: ["EventLoop", "HTTP", "Locking"], swiftSettings: strict),
        .testTarget(name: "JobsTests", dependencies: ["Jobs", "Locking"], swiftSettings: strict),
        .testTarget(
            name: "StorageTests",
            dependencies: [
                "Jobs", "Locking", "Storage", .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict),
        .testTarget(name: "RunnersTests", dependencies: ["EventLoop", "Jobs", "Runners", "Locking"], swiftSettings: strict),
        .target(name: "ClientTestSupport", dependencies: ["Locking"], path: "Tests/ClientTestSupport", swiftSettings: strict),
        .testTarget(name: "HTTPClientTests", dependencies: ["ClientTestSupport", "HTTPClient"], swiftSettings: strict),
        .testTarget(
            name: "APITests",
            dependencies: [
                "API", "EventLoop", "HTTP", "Jobs", "Locking", "Runners", "Storage", .product(name: "Logging", package: "swift-log"),
            ], swiftSettings: strict),
        .testTarget(name: "RunstreamTests", dependencies: ["ClientTestSupport", "HTTPClient", "runstream"], swiftSettings: strict),
    ],
    cLanguageStandard: .gnu11
)

if isFuzzing {
    package.targets += [
        .target(name: "CFuzz", path: "Tests/Fuzz/CFuzz"),
        .executableTarget(
            name: "fuzz", dependencies: ["API", "CFuzz", "HTTP", "HTTPClient", "Jobs", "Runners", "Support"], path: "Tests/Fuzz/Sources",
            swiftSettings: strict, linkerSettings: [.unsafeFlags(["-sanitize=fuzzer", "-use-ld=lld"])]),
    ]
}
