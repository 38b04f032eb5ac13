using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;
using Ebb.Sandbox.Azure;

namespace Ebb.Tests.Sandbox.Azure.Storage;

/// <summary>Speaks to a file share as the protocol's documents say, with a signature of its own making.</summary>
internal sealed class FileLab : IDisposable
{
    private readonly HttpClient _http;

    private FileLab(FaceLab face, string key)
    {
        Face = face;
        Key = key;
        _http = new HttpClient(new InProcessHandler(face.Face));
    }

    public FaceLab Face { get; }

    public string Key { get; set; }

    public string Base { get; set; } = $"{FaceLab.Base}/ebbstore.file";

    /// <summary>With an account and its share <c>data</c>.</summary>
    public static async Task<FileLab> StartAsync()
    {
        var face = await FaceLab.StartAsync();
        await StorageAccountTests.MakeAsync(face);
        await face.PutAsync($"{StorageAccountTests.Account(face)}/fileServices/default/shares/data", """{"properties":{"shareQuota":1}}""");
        return new FileLab(face, (await StorageAccountTests.KeysAsync(face))[0]);
    }

    public Task<FileAnswer> SendAsync(string method, string path, params (string Name, string Value)[] headers) => SendAsync(method, path, null, headers);

    public async Task<FileAnswer> SendAsync(string method, string path, byte[]? body, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), $"{Base}/{path}");
        request.Headers.Add("x-ms-version", "2023-11-03");
        request.Headers.Add("x-ms-date", Face.Cloud.Agenda.Now.ToString("R"));
        if (method == "PUT")
        {
            request.Content = new ByteArrayContent(body ?? []);
        }

        foreach (var (name, value) in headers)
        {
            if (!request.Headers.TryAddWithoutValidation(name, value))
            {
                request.Content!.Headers.TryAddWithoutValidation(name, value);
            }
        }

        if (!headers.Any(h => h.Name == "Authorization"))
        {
            request.Headers.TryAddWithoutValidation("Authorization", $"SharedKey ebbstore:{Sign(request, body?.Length ?? 0)}");
        }

        using var response = await _http.SendAsync(request, TestContext.Current.CancellationToken);
        return new FileAnswer(
            response.StatusCode,
            await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken),
            response.Headers.Concat(response.Content.Headers).ToDictionary(h => h.Key, h => string.Join(',', h.Value), StringComparer.OrdinalIgnoreCase));
    }

    public Task<FileAnswer> CreateAsync(string path, long length, params (string, string)[] headers) =>
        SendAsync("PUT", path, [("x-ms-type", "file"), ("x-ms-content-length", $"{length}"), .. headers]);

    public Task<FileAnswer> WriteAsync(string path, long offset, byte[] bytes, params (string, string)[] headers) =>
        SendAsync("PUT", $"{path}?comp=range", bytes, [("x-ms-write", "update"), ("x-ms-range", $"bytes={offset}-{offset + bytes.Length - 1}"), .. headers]);

    public void Dispose()
    {
        _http.Dispose();
        Face.Dispose();
    }

    private string Sign(HttpRequestMessage request, int length)
    {
        string Of(string name) => request.Headers.NonValidated.TryGetValues(name, out var values)
            || (request.Content?.Headers.NonValidated.TryGetValues(name, out values) ?? false) ? values.ToString() : "";
        var uri = request.RequestUri!;
        var lines = new List<string> { request.Method.Method, Of("Content-Encoding"), Of("Content-Language"), length == 0 ? "" : $"{length}" };
        lines.AddRange(new[] { "Content-MD5", "Content-Type", "Date", "If-Modified-Since", "If-Match", "If-None-Match", "If-Unmodified-Since", "Range" }.Select(Of));
        lines.AddRange(request.Headers.NonValidated
            .Where(h => h.Key.StartsWith("x-ms-", StringComparison.OrdinalIgnoreCase))
            .Select(h => $"{h.Key.ToLowerInvariant()}:{h.Value}")
            .Order(StringComparer.Ordinal));
        lines.Add("/ebbstore" + uri.AbsolutePath);
        lines.AddRange(uri.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries)
            .Select(q => q.Split('=', 2))
            .Select(q => $"{q[0].ToLowerInvariant()}:{WebUtility.UrlDecode(q[1])}")
            .Order(StringComparer.Ordinal));
        return Convert.ToBase64String(HMACSHA256.HashData(Convert.FromBase64String(Key), Encoding.UTF8.GetBytes(string.Join('\n', lines))));
    }
}

internal sealed record FileAnswer(HttpStatusCode Status, byte[] Bytes, Dictionary<string, string> Headers)
{
    public int Code => (int)Status;

    public string Text => Encoding.UTF8.GetString(Bytes);

    public XElement Xml => XElement.Parse(Text);

    public string Error => Headers["x-ms-error-code"] is var code && Xml.Element("Code")!.Value == code ? code : throw new InvalidOperationException(Text);
}
