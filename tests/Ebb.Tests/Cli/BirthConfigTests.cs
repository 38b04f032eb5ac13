using System.IO.Compression;
using System.Text;
using Ebb.Cli.Sandboxes;

namespace Ebb.Tests.Cli;

public sealed class BirthConfigTests
{
    private const string Path = "/etc/ebb/agent.json";

    [Theory]
    [InlineData("")]
    [InlineData("#!/bin/sh\necho hello\n")]
    [InlineData("#cloud-config\nwrite_files:\n- path: /etc/motd\n  content: hello\n")]
    [InlineData("#cloud-config\nwrite_files: {a: b}\n")]
    [InlineData("#cloud-config\nwrite_files: [\n")]
    public void What_does_not_write_the_file_has_none(string customData) => Assert.Null(File(customData));

    [Fact]
    public void The_last_of_several_counts_as_with_cloud_init() =>
        Assert.Equal("two", File($"#cloud-config\nwrite_files:\n- path: {Path}\n  content: one\n- path: {Path}\n  content: two\n"));

    [Fact]
    public void Packed_and_encoded_content_is_unpacked()
    {
        var packed = Convert.ToBase64String(Pack("hello"));

        Assert.Equal("hello", File($"#cloud-config\nwrite_files:\n- path: {Path}\n  encoding: gz+b64\n  content: {packed}\n"));
        Assert.Equal("hello", Text(BirthConfig.File(Pack($"#cloud-config\nwrite_files:\n- path: {Path}\n  content: hello\n"), Path)));
    }

    [Fact]
    public void What_is_too_long_or_broken_is_refused_and_not_cut()
    {
        var long5 = Convert.ToBase64String(Pack(new string('x', 5 << 20)));

        Assert.Contains("more than", Refusal($"encoding: gz+b64\n  content: {long5}"), StringComparison.Ordinal);
        Assert.Contains("cannot be unpacked", Refusal("encoding: b64\n  content: '%%%'"), StringComparison.Ordinal);

        static string Refusal(string rest) =>
            Assert.Throws<EbbException>(() => File($"#cloud-config\nwrite_files:\n- path: {Path}\n  {rest}\n")).Message;
    }

    private static string? File(string customData) => Text(BirthConfig.File(Encoding.UTF8.GetBytes(customData), Path));

    private static string? Text(byte[]? content) => content is null ? null : Encoding.UTF8.GetString(content);

    private static byte[] Pack(string text)
    {
        using var whole = new MemoryStream();
        using (var gzip = new GZipStream(whole, CompressionLevel.Fastest))
        {
            gzip.Write(Encoding.UTF8.GetBytes(text));
        }

        return whole.ToArray();
    }
}
