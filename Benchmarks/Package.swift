// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "runstream-benchmarks",
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2")
    ],
    targets: [
        // The receiving end: one epoll loop in C, so that the generator is not the bottleneck.
        .target(name: "CLoad", path: "CLoad", cSettings: [.unsafeFlags(["-O2"])]),
        .executableTarget(
            name: "stream-load",
            dependencies: ["CLoad", .product(name: "ArgumentParser", package: "swift-argument-parser")],
            path: "StreamLoad", swiftSettings: [.swiftLanguageMode(.v6)]),
        // The run that is watched: writes events on a clock, each stamped with when it was due.
        .executableTarget(name: "emitter", path: "Emitter", cSettings: [.unsafeFlags(["-O2"])]),
    ],
    cLanguageStandard: .gnu11
)
