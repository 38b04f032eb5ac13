using System.Security.Cryptography;

namespace Ebb.Tests.Sandbox.Azure.Storage;

public sealed class FileServiceTests
{
    [Fact]
    public async Task A_file_is_made_written_in_ranges_and_read_whole_and_in_part()
    {
        using var lab = await FileLab.StartAsync();
        var bytes = RandomNumberGenerator.GetBytes(300_000);

        var directory = await lab.SendAsync("PUT", "data/some%20dir?restype=directory");
        var made = await lab.CreateAsync("data/some%20dir/file.bin", bytes.Length, ("x-ms-content-type", "application/gzip"), ("x-ms-meta-sha256", "abc"));
        var first = await lab.WriteAsync("data/some%20dir/file.bin", 0, bytes[..200_000]);
        var second = await lab.WriteAsync("data/some%20dir/file.bin", 200_000, bytes[200_000..]);
        var whole = await lab.SendAsync("GET", "data/some%20dir/file.bin");
        var part = await lab.SendAsync("GET", "data/SOME%20DIR/File.bin", ("x-ms-range", "bytes=65530-65545"));
        var open = await lab.SendAsync("GET", "data/some%20dir/file.bin", ("Range", "bytes=299990-"));
        var head = await lab.SendAsync("HEAD", "data/some%20dir/file.bin");

        Assert.Equal((201, 201, 201, 201), (directory.Code, made.Code, first.Code, second.Code));
        Assert.NotEqual(first.Headers["ETag"], second.Headers["ETag"]);
        Assert.Equal(200, whole.Code);
        Assert.Equal(bytes, whole.Bytes);
        Assert.Equal(("application/gzip", "abc", "File"), (whole.Headers["Content-Type"], whole.Headers["x-ms-meta-sha256"], whole.Headers["x-ms-type"]));
        Assert.Equal((206, "bytes 65530-65545/300000"), (part.Code, part.Headers["Content-Range"]));
        Assert.Equal(bytes[65530..65546], part.Bytes);
        Assert.Equal(bytes[299_990..], open.Bytes);
        Assert.Equal((200, "300000"), (head.Code, head.Headers["Content-Length"]));
        Assert.Empty(head.Bytes);
    }

    [Fact]
    public async Task What_was_never_written_or_was_cleared_reads_as_zeros()
    {
        using var lab = await FileLab.StartAsync();
        await lab.CreateAsync("data/f", 200_000);
        await lab.WriteAsync("data/f", 0, [.. Enumerable.Repeat((byte)7, 200_000)]);

        var cleared = await lab.SendAsync("PUT", "data/f?comp=range", ("x-ms-write", "clear"), ("x-ms-range", "bytes=10-150000"));
        var resized = await lab.SendAsync("PUT", "data/f?comp=properties", ("x-ms-content-length", "250000"));
        var bytes = (await lab.SendAsync("GET", "data/f")).Bytes;

        Assert.Equal((201, 200), (cleared.Code, resized.Code));
        Assert.Equal(250_000, bytes.Length);
        Assert.All(bytes[..10], b => Assert.Equal(7, b));
        Assert.All(bytes[10..150_001], b => Assert.Equal(0, b));
        Assert.All(bytes[150_001..200_000], b => Assert.Equal(7, b));
        Assert.All(bytes[200_000..], b => Assert.Equal(0, b));
    }

    [Fact]
    public async Task Files_and_directories_are_listed_in_pages_and_deleted()
    {
        using var lab = await FileLab.StartAsync();
        await lab.SendAsync("PUT", "data/d?restype=directory");
        foreach (var name in new[] { "d/a", "d/b", "d/c%26" })
        {
            await lab.CreateAsync($"data/{name}", 3);
        }

        var first = await lab.SendAsync("GET", "data/d?restype=directory&comp=list&maxresults=2");
        var second = await lab.SendAsync("GET", $"data/d?restype=directory&comp=list&marker={Uri.EscapeDataString(first.Xml.Element("NextMarker")!.Value)}");
        var root = await lab.SendAsync("GET", "data?restype=directory&comp=list");
        var full = await lab.SendAsync("DELETE", "data/d?restype=directory");
        var deleted = await lab.SendAsync("DELETE", "data/d/a");
        var gone = await lab.SendAsync("GET", "data/d/a");

        Assert.Equal(["a", "b"], Names(first, "File"));
        Assert.Equal("3", first.Xml.Descendants("Content-Length").First().Value);
        Assert.Equal(["c&"], Names(second, "File"));
        Assert.Equal(["d"], Names(root, "Directory"));
        Assert.Equal((409, "DirectoryNotEmpty"), (full.Code, full.Error));
        Assert.Equal(202, deleted.Code);
        Assert.Equal((404, "ResourceNotFound"), (gone.Code, gone.Error));
    }

    [Fact]
    public async Task A_share_made_here_is_a_resource_and_one_deleted_here_is_none()
    {
        using var lab = await FileLab.StartAsync();
        var shares = $"{StorageAccountTests.Account(lab.Face)}/fileServices/default/shares";

        var made = await lab.SendAsync("PUT", "made-here?restype=share", ("x-ms-share-quota", "7"));
        var twice = await lab.SendAsync("PUT", "made-here?restype=share");
        var resource = await lab.Face.GetAsync($"{shares}/made-here");
        var deleted = await lab.SendAsync("DELETE", "data?restype=share");
        var listed = await lab.SendAsync("GET", "?comp=list");

        Assert.Equal(201, made.Code);
        Assert.Equal((409, "ShareAlreadyExists"), (twice.Code, twice.Error));
        Assert.Equal(7, (int)resource.Json["properties"]!["shareQuota"]!);
        Assert.Equal(202, deleted.Code);
        Assert.Equal(404, (await lab.Face.GetAsync($"{shares}/data")).Code);
        Assert.Equal(["made-here"], Names(listed, "Share"));
    }

    [Fact]
    public async Task An_account_answers_at_its_own_host_too_where_that_name_leads_here()
    {
        using var lab = await FileLab.StartAsync();
        lab.Base = "https://ebbstore.file.core.windows.net";

        var made = await lab.CreateAsync("data/one.bin", 4);
        var written = await lab.WriteAsync("data/one.bin", 0, [1, 2, 3, 4]);
        lab.Base = $"{FaceLab.Base}/ebbstore.file";
        var read = await lab.SendAsync("GET", "data/one.bin");

        Assert.Equal((201, 201), (made.Code, written.Code));
        Assert.Equal([1, 2, 3, 4], read.Bytes);
    }

    [Fact]
    public async Task A_request_signed_with_another_key_or_changed_on_the_way_is_refused()
    {
        using var lab = await FileLab.StartAsync();
        await lab.CreateAsync("data/f", 1);
        var keys = await StorageAccountTests.KeysAsync(lab.Face);

        lab.Key = Convert.ToBase64String(RandomNumberGenerator.GetBytes(64));
        var wrong = await lab.SendAsync("GET", "data/f");
        var nonsense = await lab.SendAsync("GET", "data/f", ("Authorization", "SharedKey ebbstore:AAAA"));
        var bearer = await lab.SendAsync("GET", "data/f", ("Authorization", "Bearer x"));
        lab.Key = keys[1];
        var second = await lab.SendAsync("GET", "data/f");
        await lab.Face.PostAsync($"{StorageAccountTests.Account(lab.Face)}/regenerateKey", """{"keyName":"key2"}""");
        var former = await lab.SendAsync("GET", "data/f");

        Assert.Equal((403, "AuthenticationFailed"), (wrong.Code, wrong.Error));
        Assert.Equal((403, "AuthenticationFailed"), (nonsense.Code, nonsense.Error));
        Assert.Equal((400, "InvalidAuthenticationInfo"), (bearer.Code, bearer.Error));
        Assert.Equal(200, second.Code);
        Assert.Equal((403, "AuthenticationFailed"), (former.Code, former.Error));
        Assert.DoesNotContain(keys[0], wrong.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_request_from_another_time_is_refused()
    {
        using var lab = await FileLab.StartAsync();
        await lab.CreateAsync("data/f", 1);

        var old = await lab.SendAsync("GET", "data/f", ("x-ms-date", lab.Face.Cloud.Agenda.Now.AddMinutes(-16).ToString("R")));

        Assert.Equal((403, "AuthenticationFailed"), (old.Code, old.Error));
    }

    [Fact]
    public async Task Plain_http_is_refused_where_the_account_says_so()
    {
        using var lab = await FileLab.StartAsync();
        lab.Base = "http://127.0.0.1:8080/ebbstore.file";

        var plain = await lab.SendAsync("GET", "data?restype=share");

        Assert.Equal((400, "AccountRequiresHttps"), (plain.Code, plain.Error));
    }

    [Theory]
    [InlineData("GET", "none/f", 404, "ShareNotFound")]
    [InlineData("GET", "data/none", 404, "ResourceNotFound")]
    [InlineData("GET", "data/d%2Fnone", 404, "ResourceNotFound")]
    [InlineData("PUT", "data/none/d?restype=directory", 404, "ParentNotFound")]
    [InlineData("PUT", "data/d?restype=directory", 409, "ResourceAlreadyExists")]
    [InlineData("PUT", "data/f?restype=directory", 409, "ResourceTypeMismatch")]
    [InlineData("PUT", "data/..%2Fx?restype=directory", 400, "InvalidFileOrDirectoryPathName")]
    [InlineData("PUT", "data/a%01b?restype=directory", 400, "InvalidFileOrDirectoryPathName")]
    [InlineData("PUT", "data/x", 400, "MissingRequiredHeader")]
    [InlineData("PUT", "Bad_Share?restype=share", 400, "InvalidResourceName")]
    [InlineData("GET", "data/d?restype=directory&comp=list&maxresults=0", 400, "InvalidQueryParameterValue")]
    [InlineData("PATCH", "data/f", 405, "UnsupportedHttpVerb")]
    public async Task What_cannot_be_done_is_refused_by_name(string method, string path, int status, string code)
    {
        using var lab = await FileLab.StartAsync();
        await lab.SendAsync("PUT", "data/d?restype=directory");
        await lab.CreateAsync("data/f", 1);

        var refused = await lab.SendAsync(method, path);

        Assert.Equal((status, code), (refused.Code, refused.Error));
    }

    [Fact]
    public async Task A_range_must_lie_in_the_file_fit_its_body_and_be_no_larger_than_4_MiB()
    {
        using var lab = await FileLab.StartAsync();
        await lab.CreateAsync("data/f", 10 << 20);

        var beyond = await lab.WriteAsync("data/f", (10 << 20) - 1, [1, 2]);
        var large = await lab.WriteAsync("data/f", 0, new byte[(4 << 20) + 1]);
        var most = await lab.WriteAsync("data/f", 0, new byte[4 << 20]);
        var short1 = await lab.SendAsync("PUT", "data/f?comp=range", [1], ("x-ms-write", "update"), ("x-ms-range", "bytes=0-1"));
        var hash = await lab.WriteAsync("data/f", 0, [1, 2], ("Content-MD5", Convert.ToBase64String(new byte[16])));
        var read = await lab.SendAsync("GET", "data/f", ("x-ms-range", $"bytes={10 << 20}-"));

        Assert.Equal((416, "InvalidRange"), (beyond.Code, beyond.Error));
        Assert.Equal((413, "RequestBodyTooLarge"), (large.Code, large.Error));
        Assert.Equal(201, most.Code);
        Assert.Equal((400, "InvalidHeaderValue"), (short1.Code, short1.Error));
        Assert.Equal((400, "Md5Mismatch"), (hash.Code, hash.Error));
        Assert.Equal((416, "InvalidRange"), (read.Code, read.Error));
    }

    [Fact]
    public async Task What_cannot_be_given_back_as_a_header_is_not_taken()
    {
        using var lab = await FileLab.StartAsync();

        var metadata = await lab.CreateAsync("data/f", 1, ("x-ms-meta-name", "größe"));
        var type = await lab.CreateAsync("data/f", 1, ("x-ms-content-type", "größe"));
        var id = await lab.CreateAsync("data/f", 1, ("x-ms-client-request-id", "größe"));
        var share = await lab.Face.PutAsync($"{StorageAccountTests.Account(lab.Face)}/fileServices/default/shares/other", """{"properties":{"metadata":{"a b":"c"}}}""");

        Assert.Equal((400, "InvalidMetadata"), (metadata.Code, metadata.Error));
        Assert.Equal((400, "InvalidHeaderValue"), (type.Code, type.Error));
        Assert.Equal(201, id.Code);
        Assert.DoesNotContain("größe", id.Headers["x-ms-client-request-id"], StringComparison.Ordinal);
        Assert.Equal((400, "InvalidMetadata"), (share.Code, share.Error));
    }

    [Fact]
    public async Task A_share_holds_no_more_than_its_quota()
    {
        using var lab = await FileLab.StartAsync();

        var fits = await lab.CreateAsync("data/f", 1L << 30);
        var more = await lab.CreateAsync("data/g", 1);
        var instead = await lab.CreateAsync("data/f", 1L << 30);

        Assert.Equal(201, fits.Code);
        Assert.Equal((409, "ShareSizeLimitReached"), (more.Code, more.Error));
        Assert.Equal(201, instead.Code);
    }

    private static string[] Names(FileAnswer answer, string kind) => [.. answer.Xml.Descendants(kind).Select(e => e.Element("Name")!.Value)];
}
